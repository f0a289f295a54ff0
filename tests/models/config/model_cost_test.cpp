// A model folder costs what its files hold, not what they claim.
#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../core/files/safetensors.hpp"
#include "../../../core/memory.hpp"
#include "../../../layers/initializers.hpp"
#include "../../../models/config/model_folder.hpp"
#include "../../../models/transformer.hpp"
#include "../../temporary_folder.hpp"
#include "../model_support.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

#if defined(HEED_SANITIZED)
constexpr bool limits_memory = false;  // the sanitizers' own memory is in it
#else
constexpr bool limits_memory = true;
#endif

/// What `work` raises in a process that may have 64 MiB more than this one has now.
std::string refusal_in_little_memory(const std::function<void()>& work) {
  release_cached_memory();
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int64_t pages = 0;
    std::ifstream statm("/proc/self/statm");
    for (int field = 0; field < 6; ++field) statm >> pages;  // the sixth: data
    const auto bytes = static_cast<rlim_t>(pages * ::sysconf(_SC_PAGESIZE) + (int64_t{64} << 20));
    const rlimit limit{bytes, bytes};
    if (limits_memory) ::setrlimit(RLIMIT_DATA, &limit);
    std::string said = "accepted";
    try {
      work();
    } catch (const std::exception& error) {
      said = error.what();
    }
    said.resize(std::min<std::size_t>(said.size(), 4000));
    ::_exit(::write(ends[1], said.data(), said.size()) < 0);
  }
  ::close(ends[1]);
  std::string said(4000, '\0');
  const ssize_t length = ::read(ends[0], said.data(), said.size());
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  return said;
}

/// A folder with a small Transformer.
struct SmallFolder {
  SmallFolder() {
    config.model = ModelKind::transformer;
    config.transformer = small_transformer();
    const Transformer model(config.transformer);
    save_model_folder(path, config, words(23), words(19), state_dict(model));
  }
  static Vocabulary words(int64_t count) {
    std::vector<std::string> tokens{"<pad>", "<unk>", "<s>", "</s>"};
    while (static_cast<int64_t>(tokens.size()) < count) {
      tokens.push_back("w" + std::to_string(tokens.size()));
    }
    return Vocabulary(tokens);
  }
  void claim(const Config& other) const { std::ofstream(path + "/config.json") << to_json(other); }
  std::string refusal() const {
    return refusal_in_little_memory([&] { load_model_folder(path); });
  }
  TemporaryFolder temporary;
  std::string path = temporary / "m";
  Config config;
};

}  // namespace

TEST_CASE("a model that claims to be far larger than its file is refused before it is made") {
  SmallFolder folder;
  Config wide = folder.config;
  wide.transformer.d_model = 2000;
  folder.claim(wide);
  CHECK_THAT(folder.refusal(), Contains("model.safetensors: ") && Contains("source_embedding") &&
                                   Contains("expected [23, 2000]") && Contains(" more"));
  Config positions = folder.config;
  positions.transformer.positions = Positions::learned;
  positions.transformer.max_length = 20'000'000;
  folder.claim(positions);
  CHECK_THAT(folder.refusal(), Contains("missing: source_positions.weight"));
}

TEST_CASE("a surplus tensor without content is refused before it is read") {
  SmallFolder folder;
  const std::string file = folder.path + "/model.safetensors";
  const std::string bytes = read_file(file);
  uint64_t length = 0;
  bytes.copy(reinterpret_cast<char*>(&length), 8);
  const uint64_t end = bytes.size() - 8 - length, claimed = uint64_t{6} << 30;
  std::string header = bytes.substr(8, length);
  header.erase(header.rfind('}'));
  header += ",\"surplus\":{\"dtype\":\"F32\",\"shape\":[" + std::to_string(claimed / 4) +
            "],\"data_offsets\":[" + std::to_string(end) + "," + std::to_string(end + claimed) +
            "]}}";
  length = header.size();
  std::ofstream(file, std::ios::binary) << std::string(reinterpret_cast<const char*>(&length), 8)
                                        << header << bytes.substr(bytes.size() - end);
  std::filesystem::resize_file(file, 8 + length + end + claimed);
  CHECK_THAT(folder.refusal(), Contains("unexpected: surplus"));
}

TEST_CASE("files that are large and empty cost nothing") {
  SmallFolder folder;
  std::filesystem::resize_file(folder.path + "/target.vocab", uint64_t{200} << 20);
  CHECK_THAT(folder.refusal(), Contains("target.vocab") && Contains("larger than"));
  std::filesystem::resize_file(folder.path + "/config.json", uint64_t{5} << 30);
  CHECK_THAT(folder.refusal(), Contains("config.json") && Contains("larger than"));
  std::ofstream(folder.temporary / "header", std::ios::binary)
      << std::string("\x00\xe1\xf5\x05\0\0\0\0{", 9);  // a header of 10^8 bytes
  std::filesystem::resize_file(folder.temporary / "header", 200'000'000);
  CHECK_THAT(refusal_in_little_memory([&] { load_safetensors(folder.temporary / "header"); }),
             Contains("NUL byte"));
}

TEST_CASE("a model of any size is measured without memory for it, and refused in one sentence") {
  const auto check_refused = [](ModelKind kind, const std::vector<std::string>& settings) {
    const std::string said = refusal_in_little_memory([&] {
      Config config = preset("base", kind);
      config.set_vocabularies(30'000, 30'000);
      for (const std::string& setting : settings) apply_setting(config, setting);
      check(config);
    });
    INFO(settings[0]);
    CHECK_THAT(said, Contains("the model needs") && Contains("this process may use"));
  };
  for (const std::string size : {"200000000", "2147483646"}) {  // countable, and not
    check_refused(ModelKind::transformer, {"d_model=" + size, "heads=2", "positions=relative",
                                           "encoder_layers=64", "decoder_layers=64"});
    check_refused(ModelKind::transformer, {"feed_forward=" + size});
    check_refused(ModelKind::transformer, {"max_length=" + size, "positions=learned"});
    for (const char* key : {"hidden=", "embedding=", "readout_size=", "attention_size="}) {
      check_refused(ModelKind::rnn_search, {key + size, "encoder_layers=64"});
    }
  }
  Config deep = preset("base", ModelKind::transformer);
  deep.transformer.encoder_layers = deep.transformer.decoder_layers = 64;
  CHECK(refusal_in_little_memory([&] {
          if (!(weight_count(deep) > 400e6)) throw Error("too few");
        }) == "accepted");
}

TEST_CASE("names and shapes are all compared without numbers, and draw nothing") {
  SmallFolder folder;
  manual_seed(5);
  const uint64_t before = default_generator().position();
  {
    const ShapesOnly shapes_only;
    for (const Positions positions :
         {Positions::sinusoidal, Positions::learned, Positions::relative, Positions::rotary}) {
      Config config = folder.config;
      config.transformer.d_model = 20;
      config.transformer.positions = positions;
      const TranslationModel model = make_model(config);
      CHECK_NOTHROW(check_state_dict(model, state_dict(model)));
    }
    RecurrentConfig recurrent = small_config();
    CHECK_NOTHROW(RNNsearch(recurrent));
  }
  CHECK(default_generator().position() == before);
  const Transformer real(folder.config.transformer);
  CHECK(default_generator().position() > before);
  auto state = state_dict(real);
  CHECK_NOTHROW(check_state_dict(real, state));
  state.pop_back();
  CHECK_THROWS_WITH(check_state_dict(real, state), Contains("missing: "));
}
