// One order on its way into the database, and what became of it.
#pragma once

#include <lakh/shop/keys_in_progress.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace lakh::shop {

enum class placement : std::uint8_t {
  created,     // committed, durable
  replayed,    // this key and this digest have their order already: its answer, byte for byte
  key_reused,  // this key belongs to an order with another digest
  busy,        // refused before anything was done: too many wait
  disk_full,   // nothing was stored
  failed,      // nothing was stored
  in_doubt,    // the commit failed, and may have been done all the same: ask again under the same key to learn more
};

struct placed {
  placement outcome = placement::failed;
  std::string id;      // created, replayed
  std::string answer;  // created, replayed: an order_view as JSON
};

struct order_entry {
  order_entry() = default;

  keys_in_progress::claim claim;  // holds the key, if there is one, until the outcome is certain
  bool key_forgotten = false;     // the order keeps its key, and no other is recognised by it
  std::optional<std::string> run;
  std::optional<std::string> reference;
  std::string email;  // in lower case
  std::string name;
  std::optional<std::string> phone;
  std::int64_t total = 0;
  std::string digest;
  std::string rest;  // append_order_rest

  placed result;
};

}  // namespace lakh::shop
