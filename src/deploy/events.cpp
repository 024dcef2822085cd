#include "deploy/events.hpp"

namespace lambdapool::deploy {

std::string_view name_of(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::begun:
      return "begun";
    case Event::Kind::copying:
      return "copying";
    case Event::Kind::copying_path:
      return "copying_path";
    case Event::Kind::copying_note:
      return "copying_note";
    case Event::Kind::installing:
      return "installing";
    case Event::Kind::installing_package:
      return "installing_package";
    case Event::Kind::copied:
      return "copied";
    case Event::Kind::uploading:
      return "uploading";
    case Event::Kind::uploading_part:
      return "uploading_part";
    case Event::Kind::uploaded:
      return "uploaded";
    case Event::Kind::unchanged_code:
      return "unchanged_code";
    case Event::Kind::changing:
      return "changing";
    case Event::Kind::configuring:
      return "configuring";
    case Event::Kind::waiting:
      return "waiting";
    case Event::Kind::removing_unfinished:
      return "removing_unfinished";
    case Event::Kind::removed_left_role:
      return "removed_left_role";
    case Event::Kind::deleted_version:
      return "deleted_version";
    case Event::Kind::note:
      return "note";
    case Event::Kind::warning:
      return "warning";
    case Event::Kind::finishing:
      return "finishing";
  }
  return "";
}

std::string line_of(const Event& event) {
  switch (event.kind) {
    case Event::Kind::copying:
      return "Copying files";
    case Event::Kind::copying_path:
      return "Copying " + event.text;
    case Event::Kind::copied:
      return "Copied all files";
    case Event::Kind::uploading:
      return "Uploading the code";
    case Event::Kind::uploading_part:
      return "Uploading to bucket " + event.text + ": " + std::to_string(event.done) + " of " +
             std::to_string(event.total) + " bytes";
    case Event::Kind::uploaded:
      return "Uploaded the code of " + event.text;
    case Event::Kind::unchanged_code:
      return "The code of " + event.text + " is unchanged";
    case Event::Kind::changing:
      return "Changing " + event.text;
    case Event::Kind::configuring:
      return "Configuring";
    case Event::Kind::waiting:
      return event.text.empty() ? "Waiting for the service" : "Waiting for the service: " + event.text;
    case Event::Kind::removing_unfinished:
      return "Removing " + event.text + ", which an interrupted create has left";
    case Event::Kind::removed_left_role:
      return "Removed the role " + event.text + ", which an interrupted create had left";
    case Event::Kind::deleted_version:
      return "Deleted version " + event.text;
    case Event::Kind::warning:
      return "Warning: " + event.text;
    case Event::Kind::finishing:
      return "Finishing the step that has begun";
    default:
      return event.text;
  }
}

}  // namespace lambdapool::deploy
