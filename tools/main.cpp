#include <csignal>
#include <iostream>
#include <new>

#include "../core/error.hpp"
#include "../core/parallel.hpp"
#include "../core/suggest.hpp"
#include "../core/version.hpp"
#include "command_line/output.hpp"
#include "commands/commands.hpp"

namespace heed::tools {
namespace {

std::vector<std::string> verb_names() {
  std::vector<std::string> names = {"help", "--help", "--version"};
  for (const Verb& entry : verbs()) names.emplace_back(entry.name);
  return names;
}

std::string overview() {
  std::string out = "heed " + std::string(version) +
                    ": train small attention models and watch them translate\n\n"
                    "heed VERB [FLAGS]      heed VERB --help      heed --version\n\n";
  for (const Verb& entry : verbs()) {
    std::string name = "  " + std::string(entry.name);
    name.resize(14, ' ');
    out += name + entry.summary + '\n';
  }
  return out +
         "\nExamples:\n"
         "  heed data phrases --out d && heed train --data d --preset phrases --out m\n"
         "  echo 'the black cat does not sleep' | heed translate m --attention -\n";
}

int run_verb(const Verb& entry, const std::vector<std::string>& arguments) {
  const std::unique_ptr<Command> command = entry.make();
  Flags flags(entry.name, entry.summary);
  CommonFlags common;
  command->declare(flags);
  common.declare(flags);
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument != "--help" && argument != "-h") continue;
    print(flags.help());
    return 0;
  }
  flags.parse(arguments);
  if (common.threads > 0) set_threads(static_cast<int>(common.threads));
  return command->run(flags, common);
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << overview() << std::flush;
    return 2;
  }
  const std::string& verb = arguments[0];
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (verb == "--help" || verb == "-h" || (verb == "help" && rest.empty())) {
    print(overview());
    return 0;
  }
  if (verb == "--version") {
    print("heed " + std::string(version) + '\n');
    return 0;
  }
  if (verb == "help") return run({rest[0], "--help"});
  for (const Verb& entry : verbs()) {
    if (verb == entry.name) return run_verb(entry, rest);
  }
  throw ConfigError("unknown " + std::string(verb[0] == '-' ? "flag" : "verb") + " '" +
                    escaped(verb) + "'" + did_you_mean(verb, verb_names()) +
                    " (heed --help lists all)");
}

/// `heed: error: MESSAGE`, without taking memory.
int failed(const char* message, int status) {
  say(message, "error: ");
  return status;
}

/// Runs the command and gives errors their exit status: usage and configuration 2, data and model
/// folders 3, input and output 4, numbers 5, all others 1.
int guarded(int argc, char** argv) {
  try {
    std::ios::sync_with_stdio(false);
    const int status = run(std::vector<std::string>(argv + 1, argv + argc));
    finish_output();
    return status;
  } catch (const ConfigError& error) {
    return failed(error.what(), 2);
  } catch (const DataError& error) {
    return failed(error.what(), 3);
  } catch (const FormatError& error) {
    return failed(error.what(), 3);
  } catch (const IoError& error) {
    return failed(error.what(), 4);
  } catch (const NumericError& error) {
    return failed(error.what(), 5);
  } catch (const std::bad_alloc&) {
    return failed("out of memory; a smaller --batch, training.batch_tokens or model needs less", 1);
  } catch (const std::exception& error) {
    return failed(error.what(), 1);
  }
}

}  // namespace
}  // namespace heed::tools

int main(int argc, char** argv) {
  heed::tools::open_standard_streams();
  // A file that may not grow is an error like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  return heed::tools::guarded(argc, argv);
}
