// OpenBLAS starts a thread for every further core as it is loaded, and each takes 128 MiB of
// addresses at once, though heed never lets them work. Where addresses are limited (ulimit -v)
// there may be none left: then OpenBLAS asks for them again for ever, or gives up by a signal, and
// no command would come to its end, not even --version. What keeps it to one thread is a variable
// of the environment that it reads before main,
// so that the program has to start itself anew with it.
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>

// A sanitiser takes more addresses than any limit leaves, and is not set up here yet.
#if !defined(HEED_SANITIZED)
namespace {

char one_thread[] = "OPENBLAS_NUM_THREADS=1";

void start_with_one_blas_thread(int, char** argv, char** environment) {
  struct rlimit addresses = {};
  if (::getrlimit(RLIMIT_AS, &addresses) != 0 || addresses.rlim_cur == RLIM_INFINITY) return;
  constexpr std::size_t most = 4096;
  constexpr std::size_t name = sizeof "OPENBLAS_NUM_THREADS";  // with the =
  static char* changed[most + 2] = {one_thread};
  std::size_t count = 1;
  for (char** entry = environment; *entry; ++entry) {
    if (std::strcmp(*entry, one_thread) == 0) return;
    if (count > most) return;
    if (std::strncmp(*entry, one_thread, name) != 0) changed[count++] = *entry;
  }
  static char program[4096];
  if (::readlink("/proc/self/exe", program, sizeof program - 1) > 0) {
    ::execve(program, argv, changed);
  }
}

// Runs before the libraries set themselves up.
[[gnu::used, gnu::section(".preinit_array")]] void (*const before_libraries)(int, char**, char**) =
    start_with_one_blas_thread;

}  // namespace
#endif
