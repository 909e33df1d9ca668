#include <lakh/load/ledger_format.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <charconv>
#include <new>

namespace lakh::load {

std::string to_hex(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    text.push_back(digits[std::to_integer<unsigned>(byte) >> 4U]);
    text.push_back(digits[std::to_integer<unsigned>(byte) & 15U]);
  }
  return text;
}

std::string_view name(claim_kind kind) noexcept {
  return kind == claim_kind::claim ? "claim" : "release";
}

// The algorithm is looked up once: OpenSSL 3 would otherwise do it for every digest.
struct ledger_chain::hasher {
  hasher() : algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context(EVP_MD_CTX_new()) {
    if (algorithm == nullptr || context == nullptr) {
      free();
      throw error(error_kind::internal, errc::storage_failure, "SHA-256 is not available in this OpenSSL",
                  "check the OpenSSL configuration (FIPS providers)");
    }
  }
  ~hasher() { free(); }
  hasher(const hasher&) = delete;
  hasher& operator=(const hasher&) = delete;

  void begin() const { check(EVP_DigestInit_ex2(context, algorithm, nullptr)); }
  void add(const void* data, std::size_t size) const { check(EVP_DigestUpdate(context, data, size)); }
  void end(chain_digest& digest) const {
    check(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), nullptr));
  }

  EVP_MD* algorithm;
  EVP_MD_CTX* context;

 private:
  static void check(int result) {
    if (result != 1) throw std::bad_alloc();  // the only way in which hashing memory can fail
  }
  void free() noexcept {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
};

ledger_chain::ledger_chain(const ledger_identity& identity) : hasher_(std::make_unique<hasher>()) {
  const std::string text = fmt::format("lakh ledger\n{}\n{}\n{}\n{}\n{}\n{}\n", ledger_format_version, identity.run_id,
                                       identity.plan_digest, identity.session, identity.writer, identity.created_at);
  hasher_->begin();
  hasher_->add(text.data(), text.size());
  hasher_->end(head_);
}

ledger_chain::~ledger_chain() = default;
ledger_chain::ledger_chain(ledger_chain&&) noexcept = default;
ledger_chain& ledger_chain::operator=(ledger_chain&&) noexcept = default;

void ledger_chain::link(std::string_view fields, std::string_view items) {
  hasher_->begin();
  hasher_->add(head_.data(), head_.size());
  hasher_->add(fields.data(), fields.size());
  hasher_->add(items.data(), items.size());
  hasher_->end(head_);
}

const chain_digest& ledger_chain::add(const claim_row& row) {
  fmt::memory_buffer fields;
  fmt::format_to(std::back_inserter(fields), "{}|{}|{}|{}|{}|", name(row.kind), ++entries_, row.first, row.count,
                 row.written_at);
  link({fields.data(), fields.size()}, {});
  return head_;
}

const chain_digest& ledger_chain::add(const batch_row& row) {
  fmt::memory_buffer fields;
  fmt::format_to(std::back_inserter(fields), "batch|{}|{}|{}|{}|{}|{}|{}|{}|", ++entries_, row.first, row.last,
                 row.count, row.confirmed, row.failed, row.unknown, row.written_at);
  link({fields.data(), fields.size()}, row.items);
  return head_;
}

const chain_digest& ledger_chain::close(std::string_view closed_at) {
  link(fmt::format("close|{}|{}|", entries_, closed_at), {});
  return head_;
}

void create_ledger_schema(sql::database& db) {
  db.execute(R"sql(
    CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE claim(
      id INTEGER PRIMARY KEY,           -- one sequence with batch.id
      kind TEXT NOT NULL,               -- 'claim': may be sent from now on; 'release': was not sent
      first_item INTEGER NOT NULL,
      count INTEGER NOT NULL,
      written_at TEXT NOT NULL,
      digest BLOB NOT NULL);            -- SHA-256 over the entry before and this one
    CREATE TABLE batch(
      id INTEGER PRIMARY KEY,
      first_item INTEGER NOT NULL,
      last_item INTEGER NOT NULL,
      count INTEGER NOT NULL,
      confirmed INTEGER NOT NULL,
      failed INTEGER NOT NULL,
      unknown INTEGER NOT NULL,
      written_at TEXT NOT NULL,
      digest BLOB NOT NULL,
      items TEXT NOT NULL);             -- last, so that the columns before it are read without it
    CREATE VIEW outcome AS              -- the latest of an item is the one with the highest batch
      SELECT json_extract(row.value, '$[0]') AS item,
             json_extract(row.value, '$[1]') AS state,
             nullif(json_extract(row.value, '$[2]'), 0) AS status,
             json_extract(row.value, '$[3]') AS attempts,
             json_extract(row.value, '$[9]') AS error,
             coalesce(json_extract(row.value, '$[10]'), 'answered') AS certainty,
             json_extract(row.value, '$[4]') AS start_us,
             json_extract(row.value, '$[5]') AS latency_us,
             json_extract(row.value, '$[6]') AS service_us,
             json_extract(row.value, '$[7]') AS sent_digest,
             json_extract(row.value, '$[8]') AS kept,
             json_extract(row.value, '$[11]') AS reason,
             batch.id AS batch,
             batch.written_at AS written_at
      FROM batch, json_each(batch.items) AS row;
  )sql");
}

std::filesystem::path ledger_file_name(std::uint32_t writer) {
  return fmt::format("ledger-{}.db", writer);
}

std::optional<std::uint32_t> ledger_writer_of(const std::filesystem::path& file) {
  const std::string text = file.filename().string();
  constexpr std::string_view before = "ledger-";
  constexpr std::string_view after = ".db";
  if (!text.starts_with(before) || !text.ends_with(after) || text.size() <= before.size() + after.size())
    return std::nullopt;
  const char* begin = text.data() + before.size();
  const char* end = text.data() + text.size() - after.size();
  std::uint32_t writer = 0;
  const auto parsed = std::from_chars(begin, end, writer);
  if (parsed.ec != std::errc() || parsed.ptr != end || ledger_file_name(writer) != file.filename()) return std::nullopt;
  return writer;
}

}  // namespace lakh::load
