#include <limits>

#include "bindings.h"

namespace farfield::python {
namespace {

py::object cell_of(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return py::str(*text);
  if (const auto* whole = std::get_if<int64_t>(&cell)) return py::int_(*whole);
  const auto* number = std::get_if<double>(&cell);
  return py::float_(number != nullptr ? *number : std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

py::dict columns_of(const Table& table) {
  const py::object array = py::module_::import("numpy").attr("array");
  py::dict columns;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    py::list cells;
    for (const auto& row : table.rows) cells.append(cell_of(row[i]));
    columns[py::str(table.columns[i])] = array(cells);
  }
  return columns;
}

}  // namespace farfield::python
