#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/run/replaceable.h"
#include "core/run/run_info.h"
#include "tools/context.h"

namespace farfield::tools {

// Adds a subcommand with --config whose --help opens with `examples`; `run` is called after the whole line was parsed and checked.
CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
                      const std::string& examples, std::function<void()> run);

// Lets a command run as several ranks; without it, it refuses to be started by mpirun or srun.
void share_over_ranks(CLI::App& command, Context& context);

// The shared options a command understands; one it does not take is an error, not ignored.
void add_compute_options(CLI::App& command, Context& context);  // --device --precision --threads
void add_device_options(CLI::App& command, Context& context);   // --device --threads
void add_threads_option(CLI::App& command, Context& context);   // --threads alone
void add_trust_option(CLI::App& command, Context& context);     // --trust
void add_output_options(CLI::App& command, Context& context);   // --force --quiet --json

// The record of this call, begun: its command line and options.
RunInfo record_of(const Context& context);

// The folder `out` as output of command `kind`, with --force and everything that the command line and its --config read; `also` are
// texts from elsewhere that name inputs.
OutputRequest output_request(const Context& context, const std::string& kind, const std::string& out,
                             const std::vector<std::string>& also = {});
// The paths that the command line and its --config name, except those after --out and --report.
std::vector<std::filesystem::path> input_paths(const Context& context, const std::vector<std::string>& also = {});

// One line per subcommand, each in its own cmd_NAME.cpp; listed in main.cpp in the order of --help.
void add_train_command(CLI::App& app, Context& context);
void add_report_command(CLI::App& app, Context& context);
void add_ema_command(CLI::App& app, Context& context);
void add_sample_command(CLI::App& app, Context& context);
void add_encode_command(CLI::App& app, Context& context);
void add_interpolate_command(CLI::App& app, Context& context);
void add_restore_command(CLI::App& app, Context& context);
void add_schedule_command(CLI::App& app, Context& context);
void add_schedule_search_command(CLI::App& schedule, Context& context);  // farfield schedule search
void add_schedule_ablate_command(CLI::App& schedule, Context& context);  // farfield schedule ablate
void add_study_command(CLI::App& app, Context& context);
void add_solver_command(CLI::App& app, Context& context);
void add_compare_command(CLI::App& app, Context& context);
void add_sweep_command(CLI::App& app, Context& context);
void add_dynamics_command(CLI::App& app, Context& context);
void add_field_command(CLI::App& app, Context& context);
void add_geometry_command(CLI::App& app, Context& context);
void add_deviation_command(CLI::App& app, Context& context);
void add_features_command(CLI::App& app, Context& context);
void add_similarity_command(CLI::App& app, Context& context);
void add_quality_command(CLI::App& app, Context& context);
void add_likelihood_command(CLI::App& app, Context& context);
void add_neighbours_command(CLI::App& app, Context& context);
void add_modes_command(CLI::App& app, Context& context);
void add_jump_command(CLI::App& app, Context& context);
void add_calibrate_command(CLI::App& app, Context& context);
void add_theory_command(CLI::App& app, Context& context);
void add_symmetry_command(CLI::App& app, Context& context);
void add_smoothing_command(CLI::App& app, Context& context);
void add_fit_command(CLI::App& app, Context& context);
void add_data_command(CLI::App& app, Context& context);
void add_inspect_command(CLI::App& app, Context& context);
void add_doctor_command(CLI::App& app, Context& context);

}  // namespace farfield::tools
