#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <limits>

#include "../../../core/error.hpp"
#include "../../../core/files/file_calls.hpp"
#include "../../../core/files/files.hpp"
#include "../../../models/training/training_checkpoint.hpp"
#include "../../temporary_folder.hpp"
#include "training_support.hpp"

using namespace heed;
using namespace training_support;
using Catch::Matchers::Contains;

namespace {

TrainingCheckpoint example(int64_t step) {
  TrainingCheckpoint checkpoint;
  checkpoint.state.step = step;
  checkpoint.state.epoch = 3;
  checkpoint.state.batch = 5;
  checkpoint.state.generator = Generator(0xfedcba9876543210u, 7);
  checkpoint.state.generator.set_position(11);
  checkpoint.state.best_step = 2;
  checkpoint.state.best_score = 0.1;
  checkpoint.state.best_loss = 1.0 / 3;
  checkpoint.state.plateau_factor = 0.125;
  checkpoint.state.plateau_bad = 2;
  checkpoint.state.seconds = 12.5;
  checkpoint.state.fingerprint = {{"data", "abc"}, {"a \"name\"", "\\ and \n"}};
  checkpoint.model = {{"w", Tensor::of({1, 2, 3}, {3})}};
  checkpoint.optimizer = {{"0.exp_avg", Tensor::of({4, 5, 6}, {3})}};
  return checkpoint;
}

void flip_bit(const std::string& path, int64_t at) {
  std::string bytes = read_file(path);
  bytes[static_cast<std::size_t>(at)] = static_cast<char>(bytes[static_cast<std::size_t>(at)] ^ 4);
  write_file_atomically(path, bytes);
}

bool has_temporaries(const std::string& folder) {
  for (const std::string& name : folder_entries(folder)) {
    if (name.starts_with(".tmp-")) return true;
  }
  return false;
}

/// The n-th call of a kind fails with `error`; restored on leaving.
struct FileFault {
  FileFault(int64_t n, int code) {
    left = n;
    error = code;
    file_ops().write = [](int descriptor, const void* source, std::size_t bytes) -> int64_t {
      return fails() ? -1 : system_file_ops().write(descriptor, source, bytes);
    };
    file_ops().fsync = [](int descriptor) {
      return fails() ? -1 : system_file_ops().fsync(descriptor);
    };
    file_ops().rename = [](const char* from, const char* to) {
      return fails() ? -1 : system_file_ops().rename(from, to);
    };
    file_ops().mkdir = [](const char* path, int mode) {
      return fails() ? -1 : system_file_ops().mkdir(path, mode);
    };
    file_ops().open = [](const char* path, int flags, int mode) {
      return fails() ? -1 : system_file_ops().open(path, flags, mode);
    };
  }
  ~FileFault() { file_ops() = system_file_ops(); }
  static bool fails() {
    if (--left != 0) return false;
    if (dies) ::_exit(9);
    errno = error;
    return true;
  }
  static inline int64_t left = 0;
  static inline int error = 0;
  /// End the process instead.
  static inline bool dies = false;
};

}  // namespace

TEST_CASE("a checkpoint reads back as it was written") {
  TemporaryFolder folder;
  const TrainingCheckpoint written = example(42);
  save_training_checkpoint(folder.path(), written);
  const TrainingCheckpoint read = load_training_checkpoint(folder / "checkpoints/000042");
  CHECK(read.state.step == 42);
  CHECK(read.state.epoch == 3);
  CHECK(read.state.batch == 5);
  CHECK(read.state.generator.seed() == written.state.generator.seed());
  CHECK(read.state.generator.stream() == 7);
  CHECK(read.state.generator.position() == 11);
  CHECK(read.state.best_score == 0.1);
  CHECK(read.state.best_loss == 1.0 / 3);
  CHECK(read.state.plateau_factor == 0.125);
  CHECK(read.state.plateau_bad == 2);
  CHECK(read.state.fingerprint == written.state.fingerprint);
  REQUIRE(read.model.size() == 1);
  CHECK(read.model[0].tensor.to_vector<float>() == std::vector<float>{1, 2, 3});
  CHECK(read.optimizer[0].name == "0.exp_avg");
}

TEST_CASE("a flipped bit anywhere makes the checkpoint invalid, and the one before is taken") {
  TemporaryFolder folder;
  for (const char* name :
       {"model.safetensors", "optimizer.safetensors", "state.json", "MANIFEST.json"}) {
    save_training_checkpoint(folder.path(), example(1));
    save_training_checkpoint(folder.path(), example(2));
    const std::string file = folder / ("checkpoints/000002/" + std::string(name));
    const auto size = static_cast<int64_t>(read_file(file).size());
    for (int64_t at = 0; at < size; at += 13) {
      flip_bit(file, at);
      std::vector<std::string> warnings;
      const auto found = newest_training_checkpoint(folder.path(), warnings);
      // A digit of the manifest's version or a letter case may flip to an equivalent document.
      if (warnings.empty() && std::string(name) == "MANIFEST.json") {
        flip_bit(file, at);
        continue;
      }
      REQUIRE(found);
      CHECK(found->state.step == 1);
      CHECK(warnings.size() == 1);
      flip_bit(file, at);
    }
  }
}

TEST_CASE("a missing or cut file is named, and all reasons are listed if no checkpoint is valid") {
  TemporaryFolder folder;
  save_training_checkpoint(folder.path(), example(1));
  save_training_checkpoint(folder.path(), example(2));
  remove_path(folder / "checkpoints/000002/optimizer.safetensors");
  const std::string model = folder / "checkpoints/000001/model.safetensors";
  write_file_atomically(model, read_file(model).substr(0, 20));
  std::vector<std::string> warnings;
  CHECK_THROWS_WITH(newest_training_checkpoint(folder.path(), warnings),
                    Contains("no checkpoint is valid") && Contains("optimizer.safetensors") &&
                        Contains("has 20 bytes, the manifest says"));
  CHECK(warnings.size() == 2);
}

TEST_CASE("a manifest may not name other files") {
  TemporaryFolder folder;
  save_training_checkpoint(folder.path(), example(1));
  const std::string manifest = folder / "checkpoints/000001/MANIFEST.json";
  std::string text = read_file(manifest);
  text.replace(text.find("state.json"), 10, "../../a.js");
  write_file_atomically(manifest, text);
  CHECK_THROWS_AS(load_training_checkpoint(folder / "checkpoints/000001"), FormatError);
}

TEST_CASE("a manifest or a state without its objects is named, as any other fault of a file") {
  TemporaryFolder folder;
  save_training_checkpoint(folder.path(), example(1));
  const std::string manifest = folder / "checkpoints/000001/MANIFEST.json";
  write_file_atomically(manifest, "{\"version\": 1}");
  CHECK_THROWS_AS(load_training_checkpoint(folder / "checkpoints/000001"), FormatError);
  CHECK_THROWS_WITH(load_training_checkpoint(folder / "checkpoints/000001"),
                    Contains("MANIFEST.json:1:1: has no \"files\""));
}

TEST_CASE("a folder without checkpoints has none") {
  TemporaryFolder folder;
  std::vector<std::string> warnings;
  CHECK_FALSE(newest_training_checkpoint(folder.path(), warnings));
  CHECK(checkpoint_steps(folder.path()).empty());
}

TEST_CASE("pruning keeps the newest regular checkpoints, and never fewer than two") {
  TemporaryFolder folder;
  for (const int64_t step : {10, 17, 20, 30, 33})
    save_training_checkpoint(folder.path(), example(step));
  prune_checkpoints(folder.path(), 33, 10, 2);
  CHECK(checkpoint_steps(folder.path()) == std::vector<int64_t>{20, 30, 33});
  TemporaryFolder small;
  for (const int64_t step : {3, 7, 9}) save_training_checkpoint(small.path(), example(step));
  prune_checkpoints(small.path(), 7, 10, 2);
  CHECK(checkpoint_steps(small.path()) == std::vector<int64_t>{3, 7});
}

TEST_CASE(
    "whichever call of the system fails, the checkpoint before stays and nothing half is left") {
  for (int64_t n = 1;; ++n) {
    TemporaryFolder folder;
    save_training_checkpoint(folder.path(), example(1));
    bool failed = false;
    {
      FileFault fault(n, ENOSPC);
      try {
        save_training_checkpoint(folder.path(), example(2));
      } catch (const IoError& error) {
        failed = true;
        CHECK_THAT(error.what(), Contains("No space left"));
      }
    }
    std::vector<std::string> warnings;
    const auto found = newest_training_checkpoint(folder.path(), warnings);
    REQUIRE(found);
    CHECK(warnings.empty());
    CHECK_FALSE(has_temporaries(folder / "checkpoints"));
    if (!failed) {
      CHECK(n > 10);
      break;
    }
  }
}

TEST_CASE("a process killed at any call of the system leaves the old checkpoint or the new one") {
  for (int64_t n = 1;; ++n) {
    TemporaryFolder folder;
    save_training_checkpoint(folder.path(), example(1));
    const pid_t child = ::fork();
    if (child == 0) {
      FileFault fault(n, 0);
      FileFault::dies = true;
      save_training_checkpoint(folder.path(), example(2));
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    std::vector<std::string> warnings;
    const auto found = newest_training_checkpoint(folder.path(), warnings);
    REQUIRE(found);
    CHECK(warnings.empty());
    if (WEXITSTATUS(status) == 0) {
      CHECK(found->state.step == 2);
      CHECK(n > 10);
      break;
    }
    remove_temporaries(folder / "checkpoints");
    CHECK_FALSE(has_temporaries(folder / "checkpoints"));
  }
}

TEST_CASE("training goes on where a checkpoint can't be written, unless it is the last") {
  TemporaryFolder folder;
  Training training(folder / "run");
  struct Fill final : TrainingObserver {
    std::vector<std::string> warnings;
    void validated(int64_t step, const Validation&, bool) override {
      file_ops().free_space =
          step == 6 || step == always ? [](const char*) -> int64_t { return 10; }
                                      : system_file_ops().free_space;
    }
    void warn(const std::string& text) override { warnings.push_back(text); }
    int64_t always = -1;
  } fill;
  const auto run = [&] {
    manual_seed(2);
    Net net;
    NetTask task(net);
    Trainer(task, training.options, &fill).run();
  };
  run();
  CHECK(checkpoint_steps(folder / "run") == std::vector<int64_t>{12, 18, 20});
  REQUIRE(fill.warnings.size() == 1);
  CHECK_THAT(fill.warnings[0], Contains("no space left (needs") && Contains("training goes on"));
  fill.always = 20;
  training.options.use = FolderUse::overwrite;
  CHECK_THROWS_WITH(run(), Contains("no space left"));
  file_ops() = system_file_ops();
  CHECK(checkpoint_steps(folder / "run") == std::vector<int64_t>{12, 18});
}

TEST_CASE("a damaged newest checkpoint is passed over when a run is resumed") {
  TemporaryFolder folder;
  Training(folder / "straight").run();
  Training training(folder / "run");
  training.run();
  flip_bit(folder / "run/checkpoints/000020/model.safetensors", 300);
  training.options.use = FolderUse::resume;
  CHECK(training.run().step == 20);
  REQUIRE(training.record.warnings.size() == 1);
  CHECK_THAT(training.record.warnings[0],
             Contains("checkpoint 20 is not valid") && Contains("model.safetensors: its checksum"));
  CHECK(read_file(folder / "run/checkpoints/000020/model.safetensors") ==
        read_file(folder / "straight/checkpoints/000020/model.safetensors"));
}

namespace {

/// Writes the newest checkpoint of a run again, changed, with a manifest that agrees.
template <class F>
void change_newest(const std::string& run, F change) {
  const int64_t step = checkpoint_steps(run).back();
  TrainingCheckpoint checkpoint =
      load_training_checkpoint(run + "/checkpoints/0000" + std::to_string(step));
  change(checkpoint);
  save_training_checkpoint(run, checkpoint);
}

/// Resumes a finished run of 20 steps whose last checkpoint was changed: it must go on from step 18
/// to the same bits, with a warning that contains `reason`.
template <class F>
void check_passed_over(const std::string& reason, F change) {
  INFO(reason);
  TemporaryFolder folder;
  Training training(folder / "run");
  training.run();
  const std::string weights = weights_at(folder / "run", 20);
  change_newest(folder / "run", change);
  training.options.use = FolderUse::resume;
  CHECK(training.run().step == 20);
  REQUIRE(training.record.warnings.size() == 1);
  CHECK_THAT(training.record.warnings[0],
             Contains("checkpoint 20 is not valid") && Contains(reason));
  CHECK(weights_at(folder / "run", 20) == weights);
}

}  // namespace

TEST_CASE("a checkpoint that does not fit the run is passed over, and the one before is taken") {
  check_passed_over("hidden.weight holds values that are not finite",
                    [](TrainingCheckpoint& checkpoint) {
                      checkpoint.model[0].tensor.array().data<float>()[3] =
                          std::numeric_limits<float>::quiet_NaN();
                    });
  check_passed_over("missing: hidden.weight", [](TrainingCheckpoint& checkpoint) {
    checkpoint.model.erase(checkpoint.model.begin());
  });
  check_passed_over("has no state of the optimizer",
                    [](TrainingCheckpoint& checkpoint) { checkpoint.optimizer.clear(); });
  check_passed_over("missing: 0.exp_avg", [](TrainingCheckpoint& checkpoint) {
    std::erase_if(checkpoint.optimizer,
                  [](const NamedTensor& entry) { return entry.name == "0.exp_avg"; });
  });
  check_passed_over("the next batch is 13, but epoch 1 has 13",
                    [](TrainingCheckpoint& checkpoint) { checkpoint.state.batch = 13; });
}

TEST_CASE("a huge checkpoint is passed over before it is read") {
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json"}) {
    INFO(name);
    TemporaryFolder folder;
    Training training(folder / "run");
    training.run();
    const std::string checkpoint = folder / "run/checkpoints/000020/", file = checkpoint + name;
    const std::string before = std::to_string(std::filesystem::file_size(file));
    constexpr int64_t claimed = int64_t{200} << 30;
    std::filesystem::resize_file(file, claimed);
    training.options.use = FolderUse::resume;
    SECTION("whose manifest knows the old size") {}
    SECTION("whose manifest agrees") {
      std::string manifest = read_file(checkpoint + "MANIFEST.json");
      manifest.replace(manifest.find("\"size\": " + before) + 8, before.size(),
                       std::to_string(claimed));
      write_file_atomically(checkpoint + "MANIFEST.json", manifest);
    }
    CHECK(training.run().step == 20);
    REQUIRE(training.record.warnings.size() == 1);
    CHECK_THAT(training.record.warnings[0],
               Contains(name) && (Contains("the manifest says") || Contains("has 215 GB, more")));
  }
}
