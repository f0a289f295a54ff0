// notes: copy a layer with clone.layer., tie with share
#include "../../heed.hpp"

int main() { std::vector<heed::Linear> layers{heed::Linear(2, 3), heed::Linear(3, 2)}; }
