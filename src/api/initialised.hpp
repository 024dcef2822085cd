// Whether init has been called: the one thing that a process knows about itself here.
#pragma once

namespace lambdapool::api {

bool initialised();

}  // namespace lambdapool::api
