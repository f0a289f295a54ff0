// first error: this is no module: a struct lists its weights and layers once.*members
#include "../../heed.hpp"

struct Net {
  heed::Linear linear{2, 3};
};

int main() {
  Net net;
  heed::Adam optimizer(heed::parameters(net));
}
