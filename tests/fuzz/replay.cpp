// Hands the files of the folders named to the target: its corpus as an ordinary test. The last name
// printed is the input that ended the process.
#include "fuzz.hpp"

int main(int argc, char** argv) {
  int count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const std::string& name : heed::folder_entries(argv[i])) {
      const std::string path = heed::join_path(argv[i], name);
      std::printf("%s\n", path.c_str());
      std::fflush(stdout);
      const std::string bytes = heed::read_file(path);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
      ++count;
    }
  }
  if (count == 0) std::printf("usage: TARGET CORPUS...: no input\n");
  return count == 0;
}
