#include "analysis/compare/earlier_runs.h"

#include <fmt/format.h>

#include "analysis/compare/sampling_section.h"
#include "analysis/page/format.h"
#include "analysis/training/training_section.h"
#include "core/error.h"
#include "core/text.h"
#include "models/analytic/reference_file.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

void add_fits(Report& report, const std::vector<fs::path>& files) {
  Table table;
  table.columns = {"file", "what", "rank", "components", "fitted to", "sample shape"};
  for (const fs::path& file : files) {
    const Reference reference = read_reference(file);
    const auto* gaussian = std::get_if<GaussianStats>(&reference.stats);
    const auto* mixture = std::get_if<MixtureStats>(&reference.stats);
    table.rows.push_back({file.filename().string(), std::string(gaussian ? "Gaussian" : "Gaussian mixture"),
                          gaussian ? gaussian->rank() : mixture->rank(), gaussian ? int64_t{1} : mixture->components(),
                          reference.source, join(reference.sample_shape, " × ")});
  }
  report.section("Fitted references");
  report.table(table, "Means and covariances measured on the data (float64); mixtures by k-means or by class.");
}

}  // namespace

EarlierRuns::EarlierRuns(const std::vector<fs::path>& paths) {
  for (const fs::path& path : paths) {
    if (fs::is_regular_file(path)) {
      read_reference(path);
      fits_.push_back(path);
    } else if (fs::exists(path / "log.jsonl")) {
      read_training_log(path);
      training_.push_back(path);
    } else if (fs::exists(path / "samples.npz")) {
      samples_.push_back(path);
    } else {
      throw io_error(
          fmt::format("--with {}: is no run of farfield sample (samples.npz) or farfield train (log.jsonl) and "
                      "no file of farfield fit; name one of these",
                      path.string()));
    }
  }
}

void EarlierRuns::add_to(Report& report, const RunFolder& folder) const {
  if (!fits_.empty()) add_fits(report, fits_);
  for (const fs::path& run : training_) add_training_section(report, run, folder);
  if (!samples_.empty()) add_sampling_section(report, samples_);
}

}  // namespace farfield
