#include <lakh/load/run_json.hpp>

#include <boost/json.hpp>

namespace lakh::load {

namespace json = boost::json;

std::uint64_t number_of(const json::object& object, std::string_view key) {
  return object.at(key).to_number<std::uint64_t>();
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value& value = object.at(key);
  return value.is_null() ? std::string() : std::string(value.as_string());
}

json::object to_json(const balance& sheet) {
  return {{"requested", sheet.requested}, {"confirmed", sheet.confirmed}, {"failed", sheet.failed},
          {"unknown", sheet.unknown},     {"doubtful", sheet.doubtful},   {"unclaimed", sheet.unclaimed}};
}

balance balance_of(const json::object& object) {
  balance sheet;
  sheet.requested = number_of(object, "requested");
  sheet.confirmed = number_of(object, "confirmed");
  sheet.failed = number_of(object, "failed");
  sheet.unknown = number_of(object, "unknown");
  sheet.doubtful = number_of(object, "doubtful");
  sheet.unclaimed = number_of(object, "unclaimed");
  return sheet;
}

}  // namespace lakh::load
