// The canonical form of JSON (RFC 8785, JCS), over which a digest or signature is well defined: members sorted by their
// names, no white space, one way to write each text and number.
//
// Numbers are whole and at most 2^53 - 1 in size, which every reader of JSON takes exactly; nothing of ours needs
// others, so the hard part of RFC 8785, ECMAScript's form of fractions, does not arise.
#pragma once

#include <boost/json/fwd.hpp>

#include <string>

namespace lakh::load {

// Throws std::invalid_argument for a number that is not as above, and for texts that are not UTF-8.
std::string canonical_json(const boost::json::value& value);

}  // namespace lakh::load
