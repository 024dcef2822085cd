// When temporary credentials are renewed: a decision without clock or sockets.
//
// Renewal begins 15 minutes before the end, as in botocore, and goes on in the background while calls are
// still signed with what there is. Credentials that live less than half an hour are renewed at half their
// life, not all the time.
#pragma once

#include <chrono>

namespace lambdapool::identity {

using Time = std::chrono::system_clock::time_point;

constexpr std::chrono::minutes advisory_window{15};
constexpr std::chrono::minutes mandatory_window{10};

// Of credentials that were fetched at `fetched` and end at `expires` (a service in trouble hands out ones
// that have ended already).
Time refresh_at(Time fetched, Time expires);

// After an attempt that failed at `failed`: patiently while there is time, often from ten minutes before the
// end.
Time retry_at(Time failed, Time expires);

}  // namespace lambdapool::identity
