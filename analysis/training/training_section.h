#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/page/report.h"
#include "analysis/training/training_history.h"
#include "core/run/run_folder.h"

namespace farfield {

inline constexpr uint64_t kPictureBytes = uint64_t{1} << 24;  // of a preview that a page takes in

// Loss over images seen, and over the noise level early and late. At least one tick.
Figure training_figure(const std::vector<Tick>& ticks, const std::string& table_file);

// "runs/glyphs/" -> "glyphs".
std::string run_name(const std::filesystem::path& run);

// That figure and the newest preview, for the report of another command. Writes NAME-training.csv.
void add_training_section(Report& report, const std::filesystem::path& run, const RunFolder& folder);

}  // namespace farfield
