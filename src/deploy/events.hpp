// What deploying tells on its way: for a transcript, a progress bar or a log. What came of it is its result.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace lambdapool::deploy {

struct Event {
  enum class Kind {
    begun,                // text: the function or layer; nothing is known yet that speaks against it
    copying,              // the paths' files are being put together
    copying_path,         // text: the path's name in the function
    copying_note,         // text: a line on what is left out, or is elsewhere than one may think
    installing,           // the requirements; text: a line on which ones, and for what
    installing_package,   // text: a line on what the installer is at
    copied,               // the package is there
    uploading,            // the package, and whatever needs it
    uploading_part,       // text: the bucket; done and total: bytes
    uploaded,             // text: the function, which has its code now
    unchanged_code,       // text: the function, which has this very code already
    changing,             // text: a setting and its values, as in "memory from 128 to 256 MB"
    configuring,          // the settings that were told as changing
    waiting,              // for the service to be done; text: what it says of that, or ""
    removing_unfinished,  // text: the function that an interrupted create has left
    removed_left_role,    // text: the role that an interrupted create had left
    deleted_version,      // text: the number of the layer's version
    note,                 // text: a line on what was decided otherwise than one may think
    warning,              // text: a sentence on what was left behind, and what to do about it
    finishing,            // a stop is wanted, and what has begun is brought to its end before; may come again
  };
  Kind kind = Kind::note;
  std::string text = {};
  std::int64_t done = 0;
  std::int64_t total = 0;
};

std::string_view name_of(Event::Kind kind);  // "copying_path"
std::string line_of(const Event& event);     // for people

// Called on the thread that deploys, which it may hold up. May be empty.
using Events = std::function<void(const Event&)>;

inline void tell(const Events& events, Event::Kind kind, std::string text = {}) {
  if (events) events({kind, std::move(text)});
}

}  // namespace lambdapool::deploy
