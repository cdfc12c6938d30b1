#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/denoiser.h"

namespace farfield {

// A schedule as a user asks for it. What is left out takes the schedule's default (NoiseLevelOptions), the sigma range
// drawn in to the model's as the reference implementation does. What is given is kept or refused, never adjusted.
struct ScheduleRequest {
  // One of schedule_names(), "file:PATH" (read_levels), "gits:FILE" (read_gits, or built_in_gits), of which `steps` names one, or
  // "table:FILE" (read_table).
  std::string schedule = "polynomial";
  std::string model_sha256 = {};    // of the model; a gits:FILE or table:FILE must be of the same. Empty: not compared
  std::vector<double> sigmas = {};  // levels one by one; then nothing else applies
  std::optional<int64_t> steps = {};
  std::optional<double> sigma_min = {}, sigma_max = {}, rho = {};
  std::optional<std::string> variant = {}, final = {};
};

// `request` for SOLVER: the levels of a table:FILE are its own, unless a schedule other than the default one is named.
ScheduleRequest schedule_for(std::string_view solver, ScheduleRequest request);

// Whether a schedule is bound to a model: gits: or table:, whose files name one.
bool names_model(const std::string& schedule);

// Whether a schedule is a formula: neither file: nor gits: nor table:.
bool is_formula(const std::string& schedule);

// The file behind file:PATH, gits:FILE or table:FILE; empty for a formula, a list, or a search that is built in.
std::filesystem::path schedule_file(const ScheduleRequest& request);

// The noise levels of `request` for `model`. usage_error for an option that does not apply to the schedule, for a level
// outside the model's range, and as noise_levels() and check_levels() do. Levels of a formula are those of the model's
// table that are nearest, where it has one (EDM's round_sigma); a formula with two levels of one entry is refused.
std::vector<double> resolve_levels(const ScheduleRequest& request, const DenoiserInfo& model);

// usage_error when a level above 0 lies outside the model's range of noise levels, naming both.
void check_levels_for(const DenoiserInfo& model, const std::vector<double>& levels);

}  // namespace farfield
