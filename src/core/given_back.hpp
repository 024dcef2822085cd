// Memory of what is not needed any more, which goes back to the system before its owner does.
#pragma once

namespace lambdapool {

// The whole pages from `from` up to `to`, whose bytes are lost. Of memory of this process's own (of a
// std::string, say). Returns where that has ended: from where more of it can be given back later.
const char* give_back(const char* from, const char* to);

}  // namespace lambdapool
