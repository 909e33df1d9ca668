#include <lakh/core/text.hpp>
#include <lakh/core/version.hpp>
#include <lakh/load/digest.hpp>
#include <lakh/load/report_page.hpp>
#include <lakh/load/report_style.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <iterator>

namespace lakh::load {
namespace {

// How a policy names a script: its SHA-256 in base64.
std::string policy_digest(std::string_view text) {
  const std::string hex = digest_of(text);
  std::string bytes;
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  std::string out;
  append_base64(out, bytes);
  return out;
}

}  // namespace

void append_page_head(std::string& out, std::string_view title, std::string_view description,
                      std::string_view more_style) {
  fmt::format_to(std::back_inserter(out),
                 R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{}">
<meta name="generator" content="lakh {}">
<title>{}</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect x='1' y='9' width='3.5' height='6' fill='%2312796e'/%3E%3Crect x='6.25' y='5' width='3.5' height='10' fill='%2312796e'/%3E%3Crect x='11.5' y='1' width='3.5' height='14' fill='%2312796e'/%3E%3C/svg%3E">
<style>{}{}</style>
</head>
<body>
)",
                 policy_digest(report_script()), html(description), version, html(title), report_style(), more_style);
}

void append_page_end(std::string& out) {
  fmt::format_to(std::back_inserter(out), "</footer>\n<script>{}</script>\n</body>\n</html>\n", report_script());
}

}  // namespace lakh::load
