#include "tools/page_answer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/io/json.h"
#include "tools/print.h"

namespace farfield::tools {

void print_answer(const Context& context, const std::string& answer, const RunFolder& folder) {
  const std::string page = (folder.target() / "report.html").string();
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"headline", answer}, {"report", page}}));
  } else {
    print_line(answer);
    print_line(page);
  }
}

}  // namespace farfield::tools
