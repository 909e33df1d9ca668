#include <lakh/load/ledger_rows.hpp>
#include <lakh/load/outcome_batch.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace lakh::load {
namespace {

outcome_record record(std::uint64_t item, outcome_state state = outcome_state::confirmed) {
  outcome_record made;
  made.item = item;
  made.state = state;
  made.status = 201;
  made.attempts = 1;
  made.last_attempt = certainty::answered;
  made.start_us = 1000;
  made.latency_us = 200;
  made.service_us = 150;
  return made;
}

void expect_equal(const outcome_record& left, const outcome_record& right) {
  EXPECT_EQ(left.item, right.item);
  EXPECT_EQ(left.state, right.state);
  EXPECT_EQ(left.status, right.status);
  EXPECT_EQ(left.attempts, right.attempts);
  EXPECT_EQ(left.error, right.error);
  EXPECT_EQ(left.last_attempt, right.last_attempt);
  EXPECT_EQ(left.start_us, right.start_us);
  EXPECT_EQ(left.latency_us, right.latency_us);
  EXPECT_EQ(left.service_us, right.service_us);
  EXPECT_EQ(left.sent_digest, right.sent_digest);
  EXPECT_EQ(left.kept, right.kept);
  EXPECT_EQ(left.reason, right.reason);
}

TEST(outcome_batch, rows_read_like_their_description) {
  outcome_batch batch;
  outcome_record first = record(7);
  first.sent_digest = 0xff;
  first.kept = R"({"id":"A-1"})";
  batch.append(first);
  outcome_record second = record(8, outcome_state::unknown);
  second.status = 0;
  second.attempts = 3;
  second.error = error_kind::timeout;
  second.last_attempt = certainty::maybe_sent;
  second.reason = "no answer within 5 s";
  batch.append(second);
  EXPECT_EQ(batch.items(),
            R"([[7,"confirmed",201,1,1000,200,150,"00000000000000ff",{"id":"A-1"}],)"
            "\n"
            R"([8,"unknown",0,3,1000,200,150,null,null,"timeout","maybe_sent","no answer within 5 s"]])");
}

TEST(outcome_batch, every_record_reads_back_as_it_was) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    outcome_batch batch;
    std::vector<outcome_record> records;
    std::vector<std::string> texts;
    texts.reserve(400);
    const std::size_t count = 1 + random() % 100;
    for (std::size_t i = 0; i < count; ++i) {
      outcome_record one = record(random() >> (random() % 64), static_cast<outcome_state>(random() % 3));
      one.status = static_cast<std::uint16_t>(random());
      one.attempts = static_cast<std::uint16_t>(random());
      one.error = static_cast<error_kind>(random() % error_kind_count);
      one.last_attempt = static_cast<certainty>(random() % 3);
      one.start_us = static_cast<std::int64_t>(random() >> (random() % 64));
      one.latency_us = static_cast<std::int64_t>(random() >> (random() % 64));
      one.service_us = static_cast<std::int64_t>(random() >> (random() % 64));
      one.sent_digest = random() % 2 == 0 ? 0 : random();
      if (random() % 2 == 0)
        one.kept = texts.emplace_back(R"({"id":)" + std::to_string(random()) + R"(,"t":"a\"]\n[b"})");
      if (random() % 2 == 0)
        one.reason = texts.emplace_back("a \"quoted\" \\ reason\n\x01\xc3\xa9 " + std::to_string(random()));
      batch.append(one);
      records.push_back(one);
    }
    ledger_rows rows;
    ASSERT_EQ(rows.parse(batch.items()), std::nullopt);
    ASSERT_EQ(rows.records().size(), records.size());
    for (std::size_t i = 0; i < records.size(); ++i) expect_equal(records[i], rows.records()[i]);
    EXPECT_EQ(boost::json::parse(batch.items()).as_array().size(), records.size());
  }
}

TEST(outcome_batch, its_sums_follow_its_rows) {
  outcome_batch batch;
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.items(), "[]");
  batch.append(record(9));
  batch.append(record(3, outcome_state::failed));
  batch.append(record(5, outcome_state::unknown));
  batch.append(record(4));
  EXPECT_EQ(batch.count(), 4U);
  EXPECT_EQ(batch.count(outcome_state::confirmed), 2U);
  EXPECT_EQ(batch.count(outcome_state::failed), 1U);
  EXPECT_EQ(batch.count(outcome_state::unknown), 1U);
  EXPECT_EQ(batch.first_item(), 3U);
  EXPECT_EQ(batch.last_item(), 9U);
  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.count(outcome_state::confirmed), 0U);
  batch.append(record(100));
  EXPECT_EQ(batch.first_item(), 100U);
}

TEST(outcome_batch, it_is_full_by_rows_or_by_bytes) {
  outcome_batch rows;
  for (std::size_t i = 0; i < outcome_batch::row_limit; ++i) {
    EXPECT_FALSE(rows.full());
    rows.append(record(i));
  }
  EXPECT_TRUE(rows.full());
  outcome_batch bytes;
  const std::string large = "{\"a\":\"" + std::string(outcome_batch::byte_limit, 'x') + "\"}";
  outcome_record one = record(1);
  one.kept = large;
  bytes.append(one);
  EXPECT_TRUE(bytes.full());
  ledger_rows read;
  ASSERT_EQ(read.parse(bytes.items()), std::nullopt);
  EXPECT_EQ(read.records()[0].kept, large);
}

TEST(outcome_batch, hostile_texts_cannot_make_a_batch_unreadable) {
  for (const std::string& bad :
       {std::string("{"), std::string("}],[1"), std::string("{\"a\":1}garbage"), std::string("\xff\xfe"),
        std::string("{\"a\":\x01}"), std::string("\0", 1), std::string(200'000, '[')}) {
    outcome_batch batch;
    outcome_record one = record(1, outcome_state::failed);
    one.kept = bad;
    one.reason = bad;
    batch.append(one);
    batch.append(record(2));
    ledger_rows rows;
    ASSERT_EQ(rows.parse(batch.items()), std::nullopt) << bad.substr(0, 20);
    ASSERT_EQ(rows.records().size(), 2U);
    EXPECT_TRUE(rows.records()[0].kept.starts_with('"')) << "kept as a JSON string";
    EXPECT_LE(rows.records()[0].reason.size(), 3 * outcome_batch::reason_limit);
    EXPECT_EQ(boost::json::parse(batch.items()).as_array().size(), 2U);
  }
}

TEST(outcome_batch, a_long_reason_is_cut_between_characters) {
  outcome_batch batch;
  std::string reason = "x";
  while (reason.size() < 2 * outcome_batch::reason_limit) reason += "\xe4\xb8\xad";
  outcome_record one = record(1);
  one.reason = reason;
  batch.append(one);
  ledger_rows rows;
  ASSERT_EQ(rows.parse(batch.items()), std::nullopt);
  EXPECT_EQ(rows.records()[0].reason, reason.substr(0, 511));
}

TEST(outcome_batch, a_swapped_batch_keeps_its_rows) {
  outcome_batch full;
  full.append(record(1));
  outcome_batch other;
  other.swap(full);
  EXPECT_TRUE(full.empty());
  EXPECT_EQ(other.count(), 1U);
  full.append(record(2));
  EXPECT_EQ(full.first_item(), 2U);
}

TEST(ledger_rows, every_cut_and_every_wrong_byte_is_refused_or_harmless) {
  outcome_batch batch;
  outcome_record one = record(123456789);
  one.sent_digest = 0x0123456789abcdef;
  one.kept = R"({"id":[1,"two",null]})";
  one.reason = "a \"b\"";
  batch.append(one);
  batch.append(record(2));
  const std::string good(batch.items());
  ledger_rows rows;
  for (std::size_t cut = 0; cut < good.size(); ++cut) EXPECT_NE(rows.parse(good.substr(0, cut)), std::nullopt) << cut;
  EXPECT_NE(rows.parse(good + " "), std::nullopt);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char wrong : {'\0', ' ', '"', ']', ',', '-', '0', 'x', '\xff'}) {
      std::string bad = good;
      bad[i] = wrong;
      (void)rows.parse(bad);  // the sanitizers watch
    }
  }
}

TEST(ledger_rows, only_the_form_that_was_written_is_read) {
  const auto with = [](std::string_view item, std::string_view rest) {
    return "[[" + std::string(item) + std::string(rest) + "]";
  };
  constexpr std::string_view rest = R"(,"confirmed",201,1,1,2,3,null,null])";
  ledger_rows rows;
  EXPECT_EQ(rows.parse(with("5", rest)), std::nullopt);
  EXPECT_EQ(rows.parse(with("18446744073709551615", rest)), std::nullopt);
  for (const char* item : {"", "05", "-5", "+5", " 5", "5.0", "5e1", "18446744073709551616", "null", "\"5\""})
    EXPECT_NE(rows.parse(with(item, rest)), std::nullopt) << item;
  EXPECT_NE(rows.parse(with("5", R"(,"maybe",201,1,1,2,3,null,null])")), std::nullopt);
  EXPECT_NE(rows.parse(with("5", R"(,"confirmed",65536,1,1,2,3,null,null])")), std::nullopt);
  EXPECT_NE(rows.parse(with("5", R"(,"confirmed",201,1,1,2,3,null,null,"none","answered",null])")), std::nullopt);
  EXPECT_EQ(rows.parse(with("5", R"(,"unknown",0,1,1,2,3,null,null,"timeout","maybe_sent",null])")), std::nullopt);
  // What could be left out is left out: one outcome has one form.
  EXPECT_NE(rows.parse(with("5", R"(,"confirmed",201,1,1,2,3,null,null,null,"answered",null])")), std::nullopt);
  EXPECT_NE(rows.parse(with("5", R"(,"confirmed",201,1,-0,2,3,null,null])")), std::nullopt);
  EXPECT_NE(rows.parse(with("5", R"(,"confirmed",201,1,1,2,3,"00000000000000zz",null])")), std::nullopt);
  EXPECT_NE(rows.parse("[]"), std::nullopt);
  EXPECT_NE(rows.parse(""), std::nullopt);
}

}  // namespace
}  // namespace lakh::load
