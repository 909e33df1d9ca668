#include <lakh/actions/http_expectation.hpp>
#include <lakh/core/text.hpp>

#include <algorithm>

namespace lakh::actions {

http_expectation::http_expectation(const config& expect) {
  if (expect.is_null()) return;
  config_reader read(expect, "expect");
  if (const config* status = read.find("status")) {
    const auto add = [&](const config& one) {
      statuses_.push_back(static_cast<int>(one.integer("expect.status", 100, 999)));
    };
    if (status->is_sequence())
      for (const config& one : status->items("expect.status")) add(one);
    else
      add(*status);
    if (statuses_.empty()) status->fail("expect.status names no status", "leave it out to accept any 2xx");
  }
  if (const config* wanted = read.find("headers"))
    for (const auto& [name, value] : wanted->entries("expect.headers"))
      headers_.push_back(
          {name, value.is_null() ? std::string() : value.text("expect.headers." + name), value.is_null()});
  if (const config* wanted = read.find("json"))
    for (const auto& [path, value] : wanted->entries("expect.json")) {
      const bool plain =
          value.is_scalar() && !value.quoted() && meaning_of_plain(value.text(path)) != plain_meaning::text;
      values_.push_back({json_path(path, value.place()), value.is_null() ? "null" : value.text("expect.json." + path),
                         !plain && !value.is_null()});
    }
  read.finish();
}

bool http_expectation::status_fits(int status) const noexcept {
  if (statuses_.empty()) return status >= 200 && status < 300;
  return std::ranges::find(statuses_, status) != statuses_.end();
}

bool http_expectation::fits(const wire::response_head& head, std::string_view body, std::string& why) const {
  if (!status_fits(head.status)) {
    why += "answered ";
    append_number(why, static_cast<std::uint64_t>(head.status));
    if (!head.reason.empty()) why.append(" ").append(head.reason);
    return false;
  }
  for (const wanted_header& wanted : headers_) {
    const auto value = head.fields.find(wanted.name);
    if (!value) {
      why += "the answer has no header " + wanted.name;
      return false;
    }
    if (!wanted.any_value && *value != wanted.value) {
      why += "header " + wanted.name + " is '" + std::string(*value) + "', not '" + wanted.value + "'";
      return false;
    }
  }
  for (const wanted_json& wanted : values_) {
    const json_raw found = wanted.path.raw(body);
    if (found.status != json_lookup::found) {
      why += found.status == json_lookup::absent ? "the answer has no " + wanted.path.text() : "the answer is not JSON";
      return false;
    }
    bool equal = false;
    if (!wanted.is_string) {
      equal = found.text == wanted.text;
    } else if (found.text.size() >= 2 && found.text.front() == '"') {
      std::string text;
      equal = append_json_unescaped(text, found.text.substr(1, found.text.size() - 2)) && text == wanted.text;
    }
    if (!equal) {
      why += wanted.path.text() + " is " + std::string(found.text.substr(0, 80)) + ", not " +
             (wanted.is_string ? "\"" + wanted.text + "\"" : wanted.text);
      return false;
    }
  }
  return true;
}

}  // namespace lakh::actions
