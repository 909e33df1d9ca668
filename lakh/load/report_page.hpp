// What all pages share: one file that needs no network, whose policy lets no script run but its own.
#pragma once

#include <string>
#include <string_view>

namespace lakh::load {

// Up to and with <body>. Title and description are plain text; `more_style` is CSS of this page alone.
void append_page_head(std::string& out, std::string_view title, std::string_view description,
                      std::string_view more_style = {});
// From </footer> on.
void append_page_end(std::string& out);

}  // namespace lakh::load
