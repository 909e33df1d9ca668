// JSON values: Boost.JSON, under the name by which the library speaks of it.
#pragma once

#include <boost/json.hpp>

namespace lakh {

namespace json = boost::json;

}  // namespace lakh
