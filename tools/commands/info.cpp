#include "../../core/blas.hpp"
#include "../../core/cpu.hpp"
#include "../../core/parallel.hpp"
#include "../../core/version.hpp"
#include "../../models/config/model_folder.hpp"
#include "../command_line/output.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

std::string machine_text() {
  const BlasInfo blas = blas_info();
  return "heed             " + std::string(version) + "\ninstruction set  " +
         to_string(active_isa()) + "\nthreads          " + std::to_string(threads()) +
         "\nBLAS             " + blas.config + "\nBLAS core        " + blas.core + '\n';
}

std::string model_text(const std::string& path) {
  const ModelFolder folder = load_model_folder(path);
  return to_json(folder.config) + '\n' + summary(folder.model);
}

class InfoCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.argument(model_, "[MODEL]", "a model's folder: prints its configuration and weights");
    flags.epilogue("  heed info\n  heed info m\n");
  }

  int run(const Flags&, const CommonFlags&) override {
    if (!model_.empty()) {
      print(model_text(model_));
      return 0;
    }
    print(machine_text());
    flush_output();
    blas_self_test();
    print("BLAS self-test   passed\n");
    return 0;
  }

 private:
  std::string model_;
};

}  // namespace

std::unique_ptr<Command> info_command() { return std::make_unique<InfoCommand>(); }

}  // namespace heed::tools
