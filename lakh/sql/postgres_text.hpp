// Texts of PostgreSQL: queries and addresses, without a connection.
#pragma once

#include <string>
#include <string_view>

namespace lakh::sql {

// "postgresql://…" or "postgres://…".
bool is_postgres_uri(std::string_view text) noexcept;

// The password that stands in a URI, as it is written there (user part or `password=`); empty if there is none.
std::string_view password_in_uri(std::string_view uri) noexcept;

// The query with each `:name` as `$1`, and whether there was one. What stands in quotes, dollar quotes and comments
// stays, and so do casts (`::name`).
struct numbered_query {
  std::string text;
  bool has_parameter = false;
};
numbered_query number_parameter(std::string_view query, std::string_view name);

}  // namespace lakh::sql
