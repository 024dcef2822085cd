// Credentials of the form that a role's have on AWS. They open nothing, and no two are alike.
#pragma once

#include "core/sigv4.hpp"

namespace lambdapool::local {

sigv4::Identity temporary_credentials();

}  // namespace lambdapool::local
