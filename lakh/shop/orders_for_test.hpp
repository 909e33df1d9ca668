// Orders for this room's tests.
#pragma once

#include <lakh/http/described.hpp>
#include <lakh/shop/catalogue.hpp>
#include <lakh/shop/digest.hpp>
#include <lakh/shop/order.hpp>
#include <lakh/shop/order_json.hpp>
#include <lakh/shop/order_store.hpp>
#include <lakh/shop/pricing.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include <unistd.h>

namespace lakh::shop::testing {

inline new_order good_order() {
  new_order order;
  order.customer.name = "Ada Lovelace";
  order.customer.email = "ada@example.com";
  order.address.street = "12 St James's Square";
  order.address.city = "London";
  order.address.postcode = "SW1Y 4JH";
  order.address.country = "GB";
  order.lines = {{"TEA-0042", 2}, {"CUP-0003", 1}};
  return order;
}

// As the API makes it; `body` stands for the request's bytes.
inline order_entry entry_for(order_store& store, std::string key, const std::string& body,
                             const std::string& run = {}) {
  static const catalogue products;
  new_order order = good_order();
  if (!run.empty()) order.run = run;
  const price sum = price_of(order, products);
  order_entry entry;
  if (!key.empty()) entry.claim = store.keys().try_claim(std::move(key)).value();
  if (!run.empty()) entry.run = run;
  entry.email = order.customer.email.value();
  entry.name = order.customer.name.value();
  entry.total = sum.total;
  entry.digest = digest_of(body);
  append_order_rest(entry.rest, order, products, sum, entry.digest);
  return entry;
}

// A page of the list, read back as a client would.
inline order_page page_of(const std::string& json) {
  order_page page;
  http::field_errors errors;
  if (http::read_json(json, page, errors).status != http::json_outcome::status_code::ok || !errors.empty())
    throw std::logic_error("no page: " + json);
  return page;
}

// A folder that goes with the test.
class scratch_folder {
 public:
  scratch_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh-shop-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::filesystem::filesystem_error("mkdtemp", pattern, {});
    path_ = pattern;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace lakh::shop::testing
