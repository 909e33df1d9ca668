// What run.json and receipt.json have in common.
#pragma once

#include <lakh/load/balance.hpp>

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lakh::load {

// The member, or boost::system::system_error: a whole number that is not negative; a text, empty for null.
std::uint64_t number_of(const boost::json::object& object, std::string_view key);
std::string text_of(const boost::json::object& object, std::string_view key);

// {"requested":5,"confirmed":5,"failed":0,"unknown":0,"doubtful":0,"unclaimed":0}
boost::json::object to_json(const balance& sheet);
balance balance_of(const boost::json::object& object);

}  // namespace lakh::load
