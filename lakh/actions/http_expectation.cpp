#include <lakh/actions/http_expectation.hpp>
#include <lakh/core/text.hpp>

#include <algorithm>

namespace lakh::actions {

http_expectation::http_expectation(const config& expect, const load::template_scope& scope, const secret_texts& secrets,
                                   const std::string& label) {
  read(expect, wanted_reader(texts_, scope, secrets), label);
}

http_expectation::http_expectation(const config& expect) {
  read(expect, wanted_reader(texts_), {});
}

void http_expectation::read(const config& expect, wanted_reader texts, const std::string& label) {
  if (expect.is_null()) return;
  config_reader reader(expect, "expect");
  if (const config* status = reader.find("status")) {
    const auto add = [&](const config& one) {
      statuses_.push_back(static_cast<int>(one.integer("expect.status", 100, 999)));
    };
    if (status->is_sequence())
      for (const config& one : status->items("expect.status")) add(one);
    else
      add(*status);
    if (statuses_.empty()) status->fail("expect.status names no status", "leave it out to accept any 2xx");
  }
  if (const config* wanted = reader.find("headers"))
    for (const auto& [name, value] : wanted->entries("expect.headers")) {
      if (value.is_null())
        headers_.push_back({name, {}, true});
      else
        headers_.push_back({name, texts.read(value, label + "headers." + name), false});
    }
  if (const config* wanted = reader.find("json")) values_ = texts.read_json(*wanted, "expect.json", label + "json.");
  reader.finish();
}

bool http_expectation::status_fits(int status) const noexcept {
  if (statuses_.empty()) return status >= 200 && status < 300;
  return std::ranges::find(statuses_, status) != statuses_.end();
}

bool http_expectation::fits(const wire::response_head& head, std::string_view body, std::string& why,
                            std::span<const std::string> values) const {
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
    if (!wanted.any_value && *value != wanted.value.of(values)) {
      why += "header " + wanted.name + " is '" + std::string(*value) + "', not '" + wanted.value.shown(values) + "'";
      return false;
    }
  }
  return std::ranges::all_of(values_,
                             [&](const wanted_json& one) { return one.fits(body, "the answer", why, values); });
}

}  // namespace lakh::actions
