#include "tools/option_config.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "core/config/config_tree.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/printable.h"
#include "core/run/run_record.h"
#include "core/source_form.h"
#include "core/text.h"

namespace farfield::tools {
namespace {

using nlohmann::ordered_json;
using Kind = ConfigValue::Kind;
using Texts = std::vector<std::string>;

constexpr const char* kConfigHelp =
    "YAML file of options (NAME: value), or the run.json of a finished run of this command; the command line wins";

// The path of an output is not an input, and a run that is made again goes elsewhere.
const std::set<std::string> kOutputs = {"out", "report"}, kOfOneCall = {"out", "report", "force", "quiet", "json"};

bool is_flag(const CLI::Option& option) { return option.get_expected_max() == 0; }
bool takes_several(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

bool help_is_asked(const CLI::App& command) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    if (app->get_help_ptr() != nullptr && app->get_help_ptr()->count() > 0) return true;
  }
  return false;
}

// "sample", "schedule search": as run.json names the command.
std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  const bool at_top = parent == nullptr || parent->get_parent() == nullptr;
  return at_top ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

Error misfit(const ConfigValue& value, const std::string& key, const std::string& problem) {
  return usage_error(fmt::format("{}: {} {}", value.where, key, problem));
}

// A text that is quoted as a whole is what it stands for: so any bytes can be written.
std::string text_of(const ConfigValue& value, const std::string& key) {
  if (value.kind != Kind::kScalar) throw misfit(value, key, "must be a number or a text, got a list or a mapping");
  const std::string& text = value.text;
  return !text.empty() && quoted_length(text) == text.size() ? unquoted(text) : text;
}

// What `value` would be on the command line; nothing for a flag that is not set.
Texts texts_of(const ConfigValue& value, const CLI::Option& option) {
  const std::string& key = option.get_single_name();
  if (value.kind == Kind::kNull) throw misfit(value, key, "has no value; give one, or remove the line");
  if (is_flag(option)) {
    const bool said = value.kind == Kind::kScalar && !value.quoted && (value.text == "true" || value.text == "false");
    if (!said) throw misfit(value, key, "must be true or false, got " + quote(value.text));
    return value.text == "true" ? Texts{"true"} : Texts{};
  }
  if (value.kind != Kind::kList) return {text_of(value, key)};
  Texts texts;
  for (const auto& item : value.items) texts.push_back(text_of(item, key));
  if (!takes_several(option))
    throw misfit(value, key,
                 "takes one value, got a list; write it as on the command line: " + quote(join(texts, ",")));
  return texts;
}

// The options in a record, when they are of this command.
const ConfigValue& options_in(const RunRecord& record, const std::string& file, const CLI::App& command) {
  if (!record.options) {
    throw usage_error(
        fmt::format("{}: is of a release that did not record the options of its runs; its command line was: {}", file,
                    join(record.command_line, " ")));
  }
  if (const std::string name = full_name(command); record.command != name) {
    throw usage_error(fmt::format("{}: is of farfield {}; farfield {} takes the run.json of a run of its own", file,
                                  record.command, name));
  }
  return *record.options;
}

// Puts the values of a mapping in the options of a command that its line left open.
class OptionTaker {
 public:
  OptionTaker(CLI::App& command, Context& context) : command_(command), context_(context) {
    for (CLI::Option* option : command.get_options()) {
      if (option->get_configurable()) names_.push_back(option->get_single_name());
      if (option->count() > 0) on_line_.insert(option);
    }
  }

  void take(const ConfigValue& mapping) {
    constexpr size_t kMostProblems = 19;  // a file may hold 100,000
    std::map<std::string, std::string> places;
    Texts problems;
    for (const auto& [key, value] : mapping.fields) {
      try {
        if (take(key, value)) places["--" + key] = value.where;
      } catch (const Error& problem) {
        problems.push_back(problem.what());
      }
      if (problems.size() == kMostProblems) {
        problems.push_back(value.where + ": nothing behind this line was looked at");
        break;
      }
    }
    if (!problems.empty()) throw usage_error(join(problems, kNextLine));
    context_.config_places = std::move(places);
  }

  // Of a run: when the line changes none of its options, what it read is expected again.
  void take(const RunRecord& record, const std::string& file) {
    take(options_in(record, file, command_));
    if (!overruled_) context_.config_inputs = record.inputs;
  }

 private:
  // Whether it was: the command line may know better.
  bool take(const std::string& key, const ConfigValue& value) {
    CLI::Option& option = named(key, value);
    const Texts texts = texts_of(value, option);
    if (texts.empty()) return false;
    if (is_on_line(option)) {
      overruled_ = true;
      return false;
    }
    if (!kOutputs.contains(key)) context_.config_texts.insert(context_.config_texts.end(), texts.begin(), texts.end());
    try {
      for (const auto& text : texts) option.add_result(text);
      option.run_callback();
    } catch (const CLI::ParseError& problem) {
      throw usage_error(fmt::format("{}: {}", value.where, problem.what()));
    }
    return true;
  }

  CLI::Option& named(const std::string& key, const ConfigValue& value) {
    for (CLI::Option* option : command_.get_options()) {
      if (option->get_single_name() != key) continue;
      if (option->get_configurable()) return *option;
      throw misfit(value, key, fmt::format("is said on the command line only (--{})", key));
    }
    throw usage_error(
        fmt::format("{}: {}", value.where, unknown_name("option of farfield " + full_name(command_), key, names_)));
  }

  // Does the line name the option, or one that cannot stand beside it?
  bool is_on_line(const CLI::Option& option) const {
    const auto others = option.get_excludes();
    const auto given = [&](const CLI::Option* other) { return on_line_.contains(other); };
    return given(&option) || std::any_of(others.begin(), others.end(), given);
  }

  CLI::App& command_;
  Context& context_;
  Texts names_;
  std::set<const CLI::Option*> on_line_;
  bool overruled_ = false;
};

// What the option is, or would be.
Texts values_of(const CLI::Option& option) {
  if (option.count() > 0) return option.results();
  const std::string text = option.get_default_str();
  const auto given = [](const CLI::Option* other) { return other->count() > 0; };
  const auto excluded = option.get_excludes(), needed = option.get_needs();
  if (text.empty() || std::any_of(excluded.begin(), excluded.end(), given)) return {};
  if (!std::all_of(needed.begin(), needed.end(), given)) return {};
  return takes_several(option) ? split(text.substr(1, text.size() - 2), ',') : Texts{text};  // "[a,b]"
}

// A number where that is the same text; else a text, in quotes of its own where it would be read as another one.
ordered_json json_of(const std::string& text) {
  const ordered_json number = json_or_null(text);
  if (number.is_number() && dump_json(number) == text) return number;
  const bool is_itself = valid_utf8(text) && (text.empty() || quoted_length(text) != text.size());
  return is_itself ? text : in_quotes(text);
}

// Whether `option` ("--steps") stands in a message as a word, or begins it ("steps: ...").
bool mentions(std::string_view message, const std::string& option) {
  if (message.starts_with(option.substr(2) + ":")) return true;
  for (size_t at = message.find(option); at != std::string_view::npos; at = message.find(option, at + 1)) {
    const size_t end = at + option.size();
    const char next = end < message.size() ? message[end] : ' ';
    if (std::isalnum(static_cast<unsigned char>(next)) == 0 && next != '-') return true;
  }
  return false;
}

}  // namespace

void add_config_option(CLI::App& command, Context& context) {
  const auto read = [&command, &context](const std::string& file) {
    if (help_is_asked(command)) return;
    OptionTaker taker(command, context);
    if (const auto record = read_run_record(file)) return taker.take(*record, file);
    taker.take(read_yaml(file));
  };
  command.add_option_function<std::string>("--config", read, kConfigHelp)->configurable(false);
  command.get_help_ptr()->configurable(false);
}

void take_run_options(CLI::App& command, Context& context, const std::string& file) {
  if (help_is_asked(command)) return;
  if (const auto record = read_run_record(file)) OptionTaker(command, context).take(*record, file);
}

std::string options_json(const CLI::App& command) {
  ordered_json options = ordered_json::object();
  for (const CLI::Option* option : command.get_options()) {
    const std::string& key = option->get_single_name();
    if (!option->get_configurable() || kOfOneCall.contains(key)) continue;
    if (is_flag(*option)) {
      if (option->count() > 0 && option->as<bool>()) options[key] = true;
      continue;
    }
    const Texts values = values_of(*option);
    if (values.empty()) continue;
    if (!takes_several(*option)) {
      options[key] = json_of(values.back());
      continue;
    }
    for (const auto& value : values) options[key].push_back(json_of(value));
  }
  return dump_json(options);
}

std::string with_places(const std::string& message, const Context& context) {
  Texts places;
  for (const auto& [option, place] : context.config_places) {
    if (mentions(message, option)) places.push_back(fmt::format("{}: {}", option, place));
  }
  return places.empty() ? message : fmt::format("{} ({})", message, join(places, ", "));
}

}  // namespace farfield::tools
