// Whether init has been called: the one thing that a process knows about itself here.
#pragma once

namespace lambdapool::api {

bool initialised();
// Holds on to the packager's marker, so that no linker drops it.
void set_initialised(const char* marker);

}  // namespace lambdapool::api
