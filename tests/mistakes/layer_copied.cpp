// notes: copy a layer with clone.layer., tie with share
#include "../../heed.hpp"

int main() {
  heed::Linear linear(2, 3);
  heed::Linear other = linear;
}
