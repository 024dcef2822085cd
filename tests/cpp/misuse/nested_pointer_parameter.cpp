// expect: lambdapool: a parameter's type cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

struct Node {
  int value;
  Node* next;
};
int f(const Node& node);

void misuse(lambdapool::LambdaPool& pool) { pool.map(f, std::vector<Node>{}); }
