#pragma once

#include <string>

#include "tools/context.h"

namespace farfield::tools {

// The options of a command in a file, and back: what --config reads and the `options` of run.json (docs/formats.md).

// Adds --config FILE, a YAML mapping of option names to values or the run.json of a finished run of this command. What the command
// line names wins, also over options that it excludes. Values are held to what the option takes. usage_error that lists,
// with file and line, every key that is no option (with the nearest), stands twice or has a value that the option does not take;
// for a run.json of another command, or without options, one that says so.
void add_config_option(CLI::App& command, Context& context);

// For a command whose --config has a grammar of its own: the same of a run.json, and nothing of any other file.
void take_run_options(CLI::App& command, Context& context, const std::string& file);

// The options in effect of a command whose line was parsed, as a JSON object: those that were given and the defaults that --help
// shows, but not what concerns one call alone (--out, --report, --force, --quiet, --json) and what no config may say
// (configurable(false)). Read back they are the same call, bit for bit.
std::string options_json(const CLI::App& command);

// A message with the places of the options in it that a config gave.
std::string with_places(const std::string& message, const Context& context);

}  // namespace farfield::tools
