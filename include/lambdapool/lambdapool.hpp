// The whole of lambdapool's C++ API.
//
//   int main(int argc, char** argv) {
//     lambdapool::init(argc, argv);
//     lambdapool::LambdaPool pool{{.workers = 10, .lambda_function = "algorithms"}};
//     std::vector<int> results = pool.map(fibonacci, std::views::iota(0, 30));
//   }
#pragma once

#include "lambdapool/codec.hpp"
#include "lambdapool/deploy.hpp"
#include "lambdapool/errors.hpp"
#include "lambdapool/exception.hpp"
#include "lambdapool/executor.hpp"
#include "lambdapool/file.hpp"
#include "lambdapool/fn.hpp"
#include "lambdapool/future.hpp"
#include "lambdapool/init.hpp"
#include "lambdapool/options.hpp"
#include "lambdapool/pool.hpp"
#include "lambdapool/progress.hpp"
#include "lambdapool/report.hpp"
#include "lambdapool/shared.hpp"
#include "lambdapool/tuning.hpp"
#include "lambdapool/with.hpp"
