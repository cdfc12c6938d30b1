#include "analysis/page/page_assets.h"

extern "C" {
extern const char farfield_page_style_begin[], farfield_page_style_end[];
extern const char farfield_page_script_begin[], farfield_page_script_end[];
extern const char farfield_vega_script_begin[], farfield_vega_script_end[];
}

namespace farfield {

std::string_view page_style() { return {farfield_page_style_begin, farfield_page_style_end}; }
std::string_view page_script() { return {farfield_page_script_begin, farfield_page_script_end}; }
std::string_view chart_script() { return {farfield_vega_script_begin, farfield_vega_script_end}; }

}  // namespace farfield
