// A run's folder that somebody else prepared: whatever lies in it, training changes nothing outside
// of it and deletes nothing that heed did not write.
#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <map>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../models/config/model_folder.hpp"
#include "../../../models/training/training_checkpoint.hpp"
#include "../../../models/training/translation_task.hpp"
#include "../../temporary_folder.hpp"
#include "../training/training_support.hpp"

using namespace heed;
using namespace training_support;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

const char* const file_names[] = {".lock",        "log.jsonl",         "config.json",
                                  "source.vocab", "target.vocab",      "model.safetensors",
                                  "source.model", ".tmp-config.json-7"};

/// Every file below a folder with its bytes.
std::map<std::string, std::string> contents(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    files[path] = entry.is_regular_file() ? read_file(path) : "";
  }
  return files;
}

/// A folder outside with a canary for every name that heed uses, and texts to train on.
struct Trap {
  Trap() {
    make_folder(outside);
    for (const char* name : file_names) {
      write_file_atomically(join_path(outside, name), std::string("canary of ") + name);
    }
    for (const char* name : {"checkpoints/000001", "checkpoints/000003", "checkpoints/20241124",
                             "checkpoints/.tmp-000001-7", "apart/000002"}) {
      make_folder(join_path(outside, name));
      for (const char* file :
           {"MANIFEST.json", "state.json", "model.safetensors", "optimizer.safetensors"}) {
        write_file_atomically(join_path(outside, name) + '/' + file, "canary");
      }
    }
    write_file_atomically(folder / "src", "a b\nb c a\nc\n");
    write_file_atomically(folder / "tgt", "b a\na c b\nc\n");
    config.recurrent.embedding = config.recurrent.hidden = 3;
    config.recurrent.attention_size = config.recurrent.readout_size = 3;
    config.data.train_source = config.data.valid_source = folder / "src";
    config.data.train_target = config.data.valid_target = folder / "tgt";
    config.training.validate_every = 1;
    config.training.steps = 4;
    config.training.epochs = 0;
  }

  /// Trains in `run`; what was refused, empty if nothing was.
  std::string train(FolderUse use) {
    std::vector<std::string> notes;
    const TranslationData data = load_translation_data(config, notes);
    manual_seed(1);
    TranslationModel model = make_model(config);
    TranslationTask task(model, data, config);
    try {
      Trainer(task,
              {.folder = run, .training = config.training, .use = use, .catch_signals = false})
          .run();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  /// Puts a link into the run's folder instead of what has its name there.
  void link(const std::string& name) const { link(name, join_path(outside, name)); }
  void link(const std::string& name, const std::string& target) const {
    fs::remove_all(join_path(run, name));
    fs::create_symlink(target, join_path(run, name));
  }

  TemporaryFolder folder;
  std::string outside = folder / "outside", run = folder / "run";
  Config config;
};

}  // namespace

TEST_CASE("a training in a folder full of links changes no file outside of it") {
  for (const char* name : file_names) {
    for (const FolderUse use : {FolderUse::fresh, FolderUse::overwrite, FolderUse::resume}) {
      INFO(name << ", use " << static_cast<int>(use));
      Trap trap;
      if (use == FolderUse::resume) {
        trap.config.training.steps = 2;
        REQUIRE(trap.train(FolderUse::fresh).empty());
        trap.config.training.steps = 4;
      }
      make_folder(trap.run);
      trap.link(name);
      const auto before = contents(trap.outside);
      trap.train(use);
      CHECK(contents(trap.outside) == before);
      // A link that leads nowhere makes no file there either.
      trap.link(name, join_path(trap.outside, "new"));
      trap.train(use);
      CHECK(contents(trap.outside) == before);
    }
  }
}

TEST_CASE("a link for the folder of checkpoints is refused with its name, and nothing is pruned") {
  for (const FolderUse use : {FolderUse::overwrite, FolderUse::resume}) {
    Trap trap;
    make_folder(trap.run);
    trap.link("checkpoints");
    trap.link("config.json");
    const auto before = contents(trap.outside);
    CHECK_THAT(trap.train(use), Contains("run/checkpoints: is a link"));
    CHECK(contents(trap.outside) == before);
  }
}

TEST_CASE("links among the checkpoints, and in one, are neither followed nor resumed from") {
  for (const FolderUse use : {FolderUse::overwrite, FolderUse::resume}) {
    Trap trap;
    trap.config.training.steps = 2;
    REQUIRE(trap.train(FolderUse::fresh).empty());
    trap.config.training.steps = 4;
    trap.link("checkpoints/000001");
    trap.link("checkpoints/000003");
    trap.link("checkpoints/20241124");
    trap.link("checkpoints/.tmp-000001-7");
    trap.link("checkpoints/000004", join_path(trap.outside, "nowhere"));
    const auto before = contents(trap.outside);
    trap.train(use);
    CHECK(contents(trap.outside) == before);
  }
}

TEST_CASE("a checkpoint one of whose files is a link is passed over with a warning") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.run();
  for (const char* name :
       {"MANIFEST.json", "state.json", "model.safetensors", "optimizer.safetensors"}) {
    INFO(name);
    const std::string file = folder / ("run/checkpoints/000020/" + std::string(name));
    fs::rename(file, folder / name);
    fs::create_symlink(folder / name, file);
    std::vector<std::string> warnings;
    const auto found = newest_training_checkpoint(folder / "run", warnings);
    REQUIRE(found);
    CHECK(found->state.step == 18);
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0], Contains(name) && Contains("is a link"));
    fs::rename(folder / name, file);
  }
}

TEST_CASE("pruning and overwriting delete nothing that is no checkpoint") {
  TemporaryFolder folder;
  Training training(folder / "run");
  for (const char* name : {"20241124", "000001", "notes"}) {
    make_folder(folder / ("photos/" + std::string(name)));
    write_file_atomically(folder / ("photos/" + std::string(name) + "/a.jpg"), "mine");
  }
  // Named as heed names things, but not by heed.
  write_file_atomically(folder / "photos/20241124/MANIFEST.json", "{}");
  write_file_atomically(folder / "photos/.tmp-mine", "mine");
  training.run();
  fs::copy(folder / "photos", folder / "run/checkpoints", fs::copy_options::recursive);
  write_file_atomically(folder / "run/.tmp-mine", "mine");
  const auto mine = [&] {
    int count = 0;
    for (const auto& [path, bytes] : contents(folder / "run")) count += bytes == "mine";
    return count;
  };
  REQUIRE(mine() == 5);
  training.options.use = FolderUse::resume;
  training.options.training.steps = 30;
  CHECK(training.run().step == 30);
  CHECK(mine() == 5);
  CHECK(checkpoint_steps(folder / "run") == std::vector<int64_t>{24, 30});
  training.options.use = FolderUse::overwrite;
  training.options.training.steps = 3;
  CHECK(training.run().step == 3);
  CHECK(mine() == 5);
  CHECK(checkpoint_steps(folder / "run") == std::vector<int64_t>{3});
}

TEST_CASE("a pipe where a run writes does not stop it for ever") {
  for (const char* name : {".lock", "log.jsonl"}) {
    TemporaryFolder folder;
    Training training(folder / "run");
    training.run();
    fs::remove(folder / ("run/" + std::string(name)));
    REQUIRE(::mkfifo((folder / ("run/" + std::string(name))).c_str(), 0600) == 0);
    training.options.use = FolderUse::resume;
    CHECK_THROWS_WITH(training.run(), Contains(name) && Contains("is not a regular file"));
  }
}

TEST_CASE("a run's folder may itself be a link: that is its user's choice") {
  TemporaryFolder folder;
  make_folder(folder / "disk");
  fs::create_directory_symlink(folder / "disk", folder / "run");
  Training training(folder / "run");
  CHECK(training.run().step == 20);
  CHECK(checkpoint_steps(folder / "disk").size() == 3);
}
