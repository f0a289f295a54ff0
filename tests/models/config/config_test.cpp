#include "../../../models/config/config.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

#include "../../../core/error.hpp"
#include "../../../models/config/model_folder.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

/// The message of the `E` that `json` is refused with.
template <class E = ConfigError>
std::string refusal(const std::string& json) {
  Config config;
  try {
    apply_json(config, json, "c.json");
  } catch (const E& error) {
    return error.what();
  }
  return "accepted";
}

std::string setting_refusal(const std::string& setting) {
  Config config;
  try {
    apply_setting(config, setting);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

Config sized(const std::string& name, ModelKind kind = ModelKind::rnn_search) {
  Config config = preset(name, kind);
  config.set_vocabularies(23, 19);
  return config;
}

}  // namespace

TEST_CASE("a configuration reads back as it was written") {
  for (const std::string& preset_name : preset_names()) {
    for (const ModelKind kind :
         {ModelKind::rnn_search, ModelKind::encoder_decoder, ModelKind::transformer}) {
      Config config = sized(preset_name, kind);
      config.transformer.activation = Activation::swish;
      config.transformer.tie = Tie::target;
      config.training.minutes = 0.1;
      config.training.learning_rate = 1.0 / 3;
      config.data.train_source = "a \"b\"\\\n\x01 é";
      config.recurrent.reset = Reset::before;
      config.recurrent.dropout = 0.25;
      config.data.lowercase = true;
      Config copy;
      apply_json(copy, to_json(config), "config.json");
      CHECK(differences(config, copy).empty());
      CHECK(to_json(copy) == to_json(config));
      check(config);
    }
  }
}

TEST_CASE("a path that is not UTF-8 leaves config.json readable, and --set refuses one") {
  Config config = sized("toy"), copy;
  config.data.train_source = "text\xff.src";
  apply_json(copy, to_json(config), "config.json");
  CHECK(copy.data.train_source == "text\uFFFD.src");
  CHECK_THROWS_WITH(apply_setting(config, "data.train_source=\xff"),
                    Contains("is not valid UTF-8"));
}

TEST_CASE("config.json begins as the format pins it") {
  const std::string json = to_json(sized("toy"));
  CHECK_THAT(json, Contains("\"format\": \"heed\"") && Contains("\"version\": 1") &&
                       Contains("\"model\": \"rnn_search\"") && Contains("\"source_vocab\": 23") &&
                       Contains("\"target_vocab\": 19") && Contains("\"pad\": 0") &&
                       Contains("\"unk\": 1") && Contains("\"bos\": 2") && Contains("\"eos\": 3") &&
                       Contains("\"tokenizer\": \"word\"") && Contains("\"training\": {") &&
                       Contains("\"data\": {"));
}

TEST_CASE("keys that are not given keep their values, and keys of other models are ignored") {
  Config config = preset("toy");
  apply_json(config, R"({"hidden": 17, "d_model": 9, "training": {"epochs": 3}})", "c.json");
  CHECK(config.recurrent.hidden == 17);
  CHECK(config.recurrent.embedding == preset("toy").recurrent.embedding);
  CHECK(config.training.epochs == 3);
  CHECK(config.training.learning_rate == preset("toy").training.learning_rate);
  CHECK(config.transformer.d_model == preset("toy").transformer.d_model);
}

TEST_CASE("a wrong value of a key of another model is refused as that model refuses it") {
  const auto refused = [](ModelKind kind, const std::string& key, const std::string& value) {
    Config config, file;
    config.model = file.model = kind;
    std::string message = "accepted";
    try {
      apply_setting(config, key + '=' + value);
    } catch (const ConfigError& error) {
      message = error.what();
    }
    CAPTURE(key, value);
    CHECK_THROWS_AS(apply_json(file, "{\"" + key + "\": \"" + value + "\"}", "c"), ConfigError);
    return message;
  };
  using enum ModelKind;
  const auto same = [&](ModelKind owner, ModelKind other, const char* key, const char* value) {
    const std::string message = refused(owner, key, value);
    CHECK_THAT(message, Contains(std::string(key) + ": expects"));
    CHECK(refused(other, key, value) == message);
  };
  same(rnn_search, transformer, "readout_state", "old");
  same(rnn_search, encoder_decoder, "attention", "foo");
  same(rnn_search, encoder_decoder, "max_length", "0");
  same(transformer, rnn_search, "norm", "before");
  same(transformer, rnn_search, "kv_heads", "-1");
  CHECK_THAT(setting_refusal("d_modle=64"), Contains("did you mean \"d_model\""));
}

TEST_CASE("the model that a configuration names decides what its keys mean") {
  Config config;
  apply_json(config, R"({"encoder_layers": 3, "hidden": 5, "model": "transformer"})", "c.json");
  CHECK(config.model == ModelKind::transformer);
  CHECK(config.transformer.encoder_layers == 3);
  CHECK(config.recurrent.encoder_layers == 1);
  apply_setting(config, "d_model=64");
  CHECK(config.transformer.d_model == 64);
  CHECK_THROWS_WITH(apply_setting(config, "norm=before"), Contains("expects one of post, pre"));
  CHECK_THROWS_WITH(apply_setting(config, "positions=rotari"),
                    Contains("expects one of sinusoidal, learned, relative, rotary, alibi"));
  CHECK_THROWS_WITH(apply_setting(config, "window=-1"), Contains("window") && Contains("-1"));
  CHECK_THROWS_WITH(apply_setting(config, "kv_heads=-1"), Contains("kv_heads") && Contains("-1"));
  CHECK_THROWS_WITH(model_kind("transfomer"),
                    Contains("rnn_search, encoder_decoder, transformer") &&
                        Contains("did you mean \"transformer\""));
  const auto lines = differences(config, sized("toy"));
  CHECK_THAT(lines.at(0), Contains("model: \"transformer\" there, \"rnn_search\" here"));
}

TEST_CASE("a wrong configuration is refused with its place and what would be right") {
  CHECK_THAT(refusal("{\n  \"hiden\": 3\n}"), Contains("c.json:2:") &&
                                                  Contains("unknown key \"hiden\"") &&
                                                  Contains("did you mean \"hidden\""));
  CHECK_THAT(refusal(R"({"d_modle": 3})"), Contains("did you mean \"d_model\""));
  CHECK_THAT(refusal(R"({"training": {"epoch": 3}})"),
             Contains("training.epoch") && Contains("\"epochs\""));
  CHECK_THAT(refusal(R"({"hidden": "six"})"), Contains("hidden") && Contains("integer"));
  CHECK_THAT(refusal(R"({"hidden": 2.5})"), Contains("hidden") && Contains("integer"));
  CHECK_THAT(refusal(R"({"hidden": 0})"), Contains("hidden") && Contains("0"));
  CHECK_THAT(refusal(R"({"dropout": 1.0})"), Contains("dropout") && Contains("[0, 1)"));
  CHECK_THAT(refusal(R"({"training": {"learning_rate": -1}})"), Contains("training.learning_rate"));
  CHECK_THAT(refusal(R"({"training": {"learning_rate": 1e400}})"), Contains("c.json:1"));
  CHECK_THAT(refusal(R"({"training": {"steps": 18446744073709551616}})"), Contains("c.json:1"));
  CHECK_THAT(refusal(R"({"training": 3})"), Contains("training") && Contains("object"));
  CHECK_THAT(refusal(R"({"cell": "ltsm"})"),
             Contains("expects one of gru, lstm, rnn") && Contains("did you mean \"lstm\""));
  CHECK_THAT(refusal(R"({"attention": "dots"})"),
             Contains("one of additive, dot, general, concat, location, scaled"));
  CHECK_THAT(refusal(R"({"attention_window": -1})"), Contains("attention_window"));
  CHECK_THAT(refusal(R"({"model": "rnn_serch"})"), Contains("did you mean \"rnn_search\""));
  CHECK_THAT(refusal(R"({"pad": 1})"), Contains("pad"));
  CHECK_THAT(refusal(R"({"version": 2})"), Contains("version 2") && Contains("newer"));
  CHECK_THAT(refusal(R"({"format": "other"})"), Contains("format"));
  CHECK_THAT(refusal(R"({"hidden": 3,})"), Contains("c.json:1:"));
  CHECK_THAT(refusal("[]"), Contains("object"));
}

TEST_CASE("a setting changes one key, of any type") {
  Config config;
  for (const char* setting :
       {"hidden=17", "training.learning_rate=2e-3", "reset=before", "data.lowercase=true",
        "data.train_source=123", "data.train_target=a=b", "training.seed=9007199254740992"}) {
    apply_setting(config, setting);
  }
  CHECK(config.recurrent.hidden == 17);
  CHECK(config.training.learning_rate == 2e-3);
  CHECK(config.recurrent.reset == Reset::before);
  CHECK(config.data.lowercase);
  CHECK(config.data.train_source == "123");
  CHECK(config.data.train_target == "a=b");
  CHECK(config.training.seed == 9007199254740992);
}

TEST_CASE("a wrong setting is refused") {
  CHECK_THAT(setting_refusal("hidden"), Contains("KEY=VALUE"));
  CHECK_THAT(setting_refusal("hiden=3"), Contains("did you mean \"hidden\""));
  CHECK_THAT(setting_refusal("training.epoch=3"), Contains("\"training.epochs\""));
  CHECK_THAT(setting_refusal("hidden=six"), Contains("integer"));
  CHECK_THAT(setting_refusal("hidden="), Contains("integer"));
  CHECK_THAT(setting_refusal("training.learning_rate=nan"), Contains("number"));
  CHECK_THAT(setting_refusal("training.learning_rate=inf"), Contains("number"));
  CHECK_THAT(setting_refusal("training.steps=18446744073709551616"), Contains("integer"));
  CHECK_THAT(setting_refusal("dropout=1.5"), Contains("[0, 1)"));
  CHECK_THAT(setting_refusal("training.r_drop=0.9"), Contains("training.r_drop"));
  CHECK_THAT(setting_refusal("training.epsilon=1e-320"),
             Contains("training.epsilon: expects 0, or a number from 1e-20 to 1, got 1e-320"));
  CHECK_THAT(refusal(R"({"training": {"clip_norm": 1e-320}})"),
             Contains("expects 0, or a number from 1e-12 to 1e+12, got 1e-320"));
  for (const char* bad : {"1.5", "-1", "-1e-9", "1e400", "nan", "", "true"}) {
    CHECK_THAT(setting_refusal(std::string("training.epsilon=") + bad), Contains("epsilon"));
  }
  for (const char* bad : {"1", "-0.1", "nan", "1e400"}) {
    CHECK_THAT(setting_refusal(std::string("training.ema=") + bad), Contains("ema"));
  }
  for (const char* bad : {"101", "-1", "2.5", "18446744073709551616"}) {
    CHECK_THAT(setting_refusal(std::string("training.average=") + bad), Contains("average"));
  }
  CHECK_THAT(setting_refusal("a\nb=1"), Contains("a\\x0ab"));
  CHECK(setting_refusal("d_model=64") == "accepted");
}

TEST_CASE("a setting of minus zero is zero, and zero stands beside a range that begins above it") {
  Config config;
  config.training.beta1 = config.training.epsilon = config.training.clip_norm = 0.5;
  for (const char* setting : {"training.beta1=-0", "training.epsilon=-0", "training.warmup=-0",
                              "training.clip_norm=0", "search.length_penalty=-0"}) {
    apply_setting(config, setting);
  }
  CHECK(config.training.beta1 == 0);
  CHECK(config.training.epsilon == 0);
  CHECK(config.training.clip_norm == 0);
  CHECK_THAT(to_json(config), !Contains("-0"));
  apply_setting(config, "training.epsilon=1e-20");
  CHECK(config.training.epsilon == 1e-20);
}

TEST_CASE("presets have names, and an unknown one is refused with the list") {
  for (const char* name : {"phrases", "dates", "numbers", "reverse", "copy", "sort", "toy", "tiny",
                           "small", "base", "paper"}) {
    CHECK(preset(name).model == ModelKind::rnn_search);
    CHECK(preset(name, ModelKind::transformer).model == ModelKind::transformer);
  }
  CHECK_THROWS_WITH(
      preset("frases"),
      Contains("phrases, dates, numbers, reverse, copy, sort, toy, tiny, small, base, paper") &&
          Contains("did you mean \"phrases\""));
}

TEST_CASE("the presets of the Transformer are the sizes that they are named after") {
  const TransformerConfig tiny = preset("tiny", ModelKind::transformer).transformer;
  CHECK(tiny.d_model == 128);
  CHECK(tiny.feed_forward == 256);
  CHECK(tiny.heads == 4);
  CHECK(tiny.encoder_layers == 4);
  CHECK(tiny.decoder_layers == 4);
  const Config base = preset("base", ModelKind::transformer);  // Table 3
  CHECK(base.transformer.d_model == 512);
  CHECK(base.transformer.feed_forward == 2048);
  CHECK(base.transformer.heads == 8);
  CHECK(base.transformer.encoder_layers == 6);
  CHECK(base.transformer.decoder_layers == 6);
  CHECK(base.transformer.dropout == 0.1);
  CHECK(base.transformer.norm == NormPlace::post);
  CHECK(base.training.label_smoothing == 0.1);
  CHECK(base.training.warmup == 4000);
}

TEST_CASE("a model that no memory can hold is refused before anything is allocated") {
  Config config = sized("toy");
  config.recurrent.hidden = INT32_MAX;
  config.recurrent.target_vocab = INT32_MAX;
  CHECK_THROWS_WITH(check(config), Contains("the model needs") && Contains("GiB") &&
                                       Contains("this process may use"));
}

TEST_CASE("options that need each other are checked together") {
  Config config = sized("toy");
  config.training.schedule = ScheduleKind::cosine;
  config.training.steps = 0;
  CHECK_THROWS_WITH(check(config), Contains("cosine needs training.steps"));
  config.training.schedule = ScheduleKind::exponential;
  CHECK_THROWS_WITH(check(config), Contains("exponential needs training.steps"));
  config.training.schedule = ScheduleKind::plateau;
  config.training.patience = 3;
  CHECK_THROWS_WITH(check(config), Contains("training.patience: 3") && Contains("at least 4"));
  config.training.patience = 4;
  check(config);
  config = sized("toy");
  config.recurrent.coverage = true;
  check(config);
  config.recurrent.attention = Score::dot;
  CHECK_THROWS_WITH(check(config), Contains("coverage") && Contains("additive or concat"));
  config.model = ModelKind::encoder_decoder;  // which has no attention
  check(config);
  config.recurrent.cell = Cell::lstm;
  config.recurrent.reset = Reset::before;
  CHECK_THROWS_WITH(check(config), Contains("reset") && Contains("cell is lstm"));
  config = sized("toy");
  config.recurrent.attention_local = Local::predictive;
  CHECK_THROWS_WITH(check(config), Contains("attention_window"));
  config = sized("toy", ModelKind::transformer);
  config.transformer.heads = 3;
  CHECK_THROWS_WITH(check(config), Contains("heads: 3 do not divide d_model, 32"));
  config = sized("toy", ModelKind::transformer);
  config.transformer.tie = Tie::all;
  CHECK_THROWS_WITH(check(config),
                    Contains("data.shared_vocabulary") && Contains("23") && Contains("19"));
}

TEST_CASE("the number of weights is known before the model is made") {
  const std::vector<std::string> recurrent{
      "",
      "cell=lstm decoder_layers=3",
      "cell=rnn input_feeding=true readout=tanh",
      "encoder_layers=3 attention=concat coverage=true",
      "attention=location max_length=31",
      "attention=scaled attention_window=3 attention_local=predictive"};
  const std::vector<std::string> transformer{"", "tie=target positions=learned max_length=31",
                                             "positions=relative kv_heads=1"};
  for (const ModelKind kind :
       {ModelKind::rnn_search, ModelKind::encoder_decoder, ModelKind::transformer}) {
    for (const std::string& settings : kind == ModelKind::transformer ? transformer : recurrent) {
      INFO(to_string(kind) << ' ' << settings);
      Config config = sized("toy", kind);
      std::istringstream words(settings);
      for (std::string setting; words >> setting;) apply_setting(config, setting);
      const uint64_t before = default_generator().position();
      const double count = weight_count(config);
      CHECK(default_generator().position() == before);
      CHECK(count == static_cast<double>(parameter_count(make_model(config))));
    }
  }
}

TEST_CASE("what is not known of a model before it is made counts as little as it can") {
  Config config = sized("toy");
  config.recurrent.attention = Score::dot;
  const double without_score = weight_count(config);
  config.recurrent.attention = Score::custom;
  CHECK(weight_count(config) == without_score);
  config.set_vocabularies(4, 4);
  const double symbols = weight_count(config);
  config.set_vocabularies(0, 0);  // the text is not read yet
  CHECK(weight_count(config) == symbols);
}

TEST_CASE("differences between configurations are listed one by one") {
  Config a = sized("toy"), b = a;
  b.recurrent.hidden += 1;
  b.training.seed = 5;
  const auto lines = differences(a, b);
  REQUIRE(lines.size() == 2);
  CHECK_THAT(lines[0], Contains("hidden: 48 there, 49 here"));
  CHECK_THAT(lines[1], Contains("training.seed: 1 there, 5 here"));
}

TEST_CASE("the list of keys has the default and the range of each") {
  bool found = false;
  for (const ConfigKey& key : config_keys()) {
    CHECK_FALSE(key.meaning.empty());
    if (key.name != "training.optimizer") continue;
    found = true;
    CHECK(key.fallback == "\"adam\"");
    CHECK(key.range == "sgd, adam, adamw, adadelta");
  }
  CHECK(found);
}

TEST_CASE("the config.json of a folder made elsewhere needs its sizes, and nothing more") {
  TemporaryFolder folder;
  const std::string path = folder / "config.json";
  const auto load = [&](const std::string& json) {
    std::ofstream(path) << json;
    return load_config(path);
  };
  const std::string sizes =
      R"("source_vocab": 23, "target_vocab": 19, "embedding": 5, "hidden": 7, "attention_size": 11, "readout_size": 3)";
  const std::string head = R"({"format": "heed", "version": 1, "model": "rnn_search", )";
  CHECK(load(head + sizes + "}").recurrent.hidden == 7);
  CHECK(load(head + sizes + ", \"norm\": \"rms\"}").recurrent.hidden == 7);  // a transformer's
  const Config transformer = load(
      R"({"format": "heed", "version": 1, "model": "transformer", "source_vocab": 23, "target_vocab": 19,
          "d_model": 40, "heads": 5, "encoder_layers": 1, "decoder_layers": 3, "feed_forward": 7})");
  CHECK(transformer.transformer.decoder_layers == 3);
  CHECK(transformer.target_vocab() == 19);
  CHECK_THROWS_AS(
      load(R"({"format": "heed", "version": 1, "model": "transformer", "d_model": 40})"),
      FormatError);
  CHECK_THROWS_AS(load(head + "\"hidden\": 7}"), FormatError);
  CHECK_THROWS_WITH(load("{" + sizes + "}"), Contains("format"));
  CHECK_THROWS_AS(load(head + sizes + ", \"hiden\": 3}"), FormatError);
  CHECK_THROWS_AS(load(head + sizes + ", \"coverage\": true, \"attention\": \"dot\"}"),
                  FormatError);
  CHECK_THROWS_AS(load("{"), FormatError);
  CHECK_THROWS_AS(load_config(folder / "absent.json"), IoError);
  Config config;
  CHECK_THROWS_AS(apply_config_file(config, folder / "absent.json"), IoError);
}
