// A run of ten items in a folder of its own, with everything that a real one leaves.
#pragma once

#include <lakh/load/digest.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/receipt.hpp>
#include <lakh/load/receipt_check.hpp>
#include <lakh/load/run_folder.hpp>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace lakh::load {

class run_for_test : public ::testing::Test {
 protected:
  enum option : unsigned { plain = 0, with_key = 1, without_closing = 2, killed = 4 };

  run_for_test() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh_receipt_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    root_ = pattern;
    info_.title = "orders";
    info_.target = "http://ada:hunter2@shop.example:8080";
    info_.requested = 10;
    info_.seed = 18'000'000'000'000'000'000ULL;
    info_.lakh_version = "0.1.0";
    info_.command_line = {"lakh", "load"};
  }
  ~run_for_test() override { std::filesystem::remove_all(root_); }

  [[nodiscard]] const std::filesystem::path& folder_of_runs() const { return root_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path key_file() const { return root_ / "key.pem"; }
  [[nodiscard]] std::filesystem::path public_key_file() const { return root_ / "public.pem"; }

  // Relative names are of the run's folder.
  [[nodiscard]] std::string read(const std::filesystem::path& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::filesystem::path& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary | std::ios::trunc) << bytes;
  }

  // Eight confirmed, item 3 failed, item 4 unknown.
  void write_run(unsigned options = plain) {
    std::ofstream(root_ / "customers.csv") << "name\nAda\n";
    std::ofstream(root_ / "orders.yaml") << "name: orders\nitems: 10\nfeeds: {customers: {csv: customers.csv, order: "
                                            "cycle}}\nsteps: [{http: {url: 'http://shop.example/'}}]\n";
    const plan p = load_plan(root_ / "orders.yaml");
    const std::string frozen = canonical_text(p, open_feeds(p));
    info_.plan_digest = digest_of(frozen);
    run_folder made = run_folder::create(root_, info_, frozen);
    folder_ = made.path();
    run_id_ = made.info().run_id;
    if ((options & killed) == 0) {
      write_ledger((options & without_closing) == 0);
    } else if (const pid_t child = ::fork(); child == 0) {
      write_ledger(false, [] { ::_exit(0); });
    } else {
      int status = 0;
      if (::waitpid(child, &status, 0) != child || status != 0) throw std::runtime_error("the writer failed");
    }

    ledger_reader reader(folder_);
    const item_states states = reader.read(10);
    run_info info = made.info();
    info.state = run_state::finished;
    info.ended_at = "2026-11-22T03:04:05.678Z";
    info.seconds = 1.5;
    info.result = balance(states, 10);
    made.update(info);

    receipt_facts facts;
    facts.files = reader.files();
    facts.result = *info.result;
    facts.reconciled.emplace();
    facts.reconciled->listed = facts.reconciled->matched = 8;
    facts.reconciled->seconds = 0.125;
    std::unique_ptr<signing_key> key;
    if ((options & with_key) != 0) {
      make_keys();
      key = std::make_unique<signing_key>(signing_key::read(key_file()));
      facts.key = key.get();
    }
    write_receipt(folder_, facts);
  }

  // A writer that confirms item 4 and is not closed.
  void begin_session(std::uint32_t session, std::uint32_t writer) const {
    ledger_writer more(folder_, ledger_identity(run_id_, info_.plan_digest, session, writer));
    more.claim(4, 1);
    outcome_batch batch;
    batch.append(record(4));
    if (!more.submit(batch)) throw std::runtime_error("the queue is full");
  }

  void make_keys() const {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                             EVP_PKEY_free);
    const std::unique_ptr<BIO, int (*)(BIO*)> secret(BIO_new_file(key_file().c_str(), "w"), BIO_free);
    const std::unique_ptr<BIO, int (*)(BIO*)> open(BIO_new_file(public_key_file().c_str(), "w"), BIO_free);
    PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    PEM_write_bio_PUBKEY(open.get(), key.get());
  }

  // A private key as PEM; with a passphrase if one is given.
  static std::string make_pem(const std::string& type, const std::string& passphrase = {}) {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
        EVP_PKEY_Q_keygen(nullptr, nullptr, type.c_str(), std::size_t{2048}), EVP_PKEY_free);
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    const auto* phrase = reinterpret_cast<const unsigned char*>(passphrase.c_str());
    PEM_write_bio_PrivateKey(bio.get(), key.get(), passphrase.empty() ? nullptr : EVP_aes_256_cbc(),
                             passphrase.empty() ? nullptr : phrase, static_cast<int>(passphrase.size()), nullptr,
                             nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }

  static std::string described(const run_verification& run) {
    std::string text;
    for (const run_check& check : run.checks)
      text += std::string(name(check.result)) + "  " + check.subject + ": " + check.text + "\n";
    return text;
  }

  run_info info_;

 private:
  static outcome_record record(std::uint64_t item, outcome_state state = outcome_state::confirmed) {
    outcome_record made;
    made.item = item;
    made.state = state;
    made.status = 201;
    made.attempts = 1;
    made.start_us = static_cast<std::int64_t>(item) * 100;
    made.latency_us = 2345;
    made.service_us = 2301;
    made.sent_digest = item * 0x9e3779b97f4a7c15 + 1;
    made.last_attempt = certainty::answered;
    if (state != outcome_state::confirmed) made.reason = "it \"said\" no";
    return made;
  }

  void write_ledger(bool close, const std::function<void()>& at_the_end = [] {}) const {
    ledger_writer writer(folder_, ledger_identity(run_id_, info_.plan_digest, 1, 0));
    writer.claim(0, 6);
    outcome_batch batch;
    for (const std::uint64_t item : {0, 1, 2, 5}) batch.append(record(item));
    if (!writer.submit(batch)) throw std::runtime_error("the queue is full");
    writer.claim(6, 4);
    batch.append(record(3, outcome_state::failed));
    batch.append(record(4, outcome_state::unknown));
    for (std::uint64_t item = 6; item < 10; ++item) {
      outcome_record one = record(item);
      const std::string kept = "{\"id\":\"ord_" + std::to_string(item) + "\"}";
      one.kept = kept;
      batch.append(one);
    }
    if (!writer.submit(batch)) throw std::runtime_error("the queue is full");
    writer.flush();
    if (close) writer.close();
    at_the_end();
  }

  std::filesystem::path root_;
  std::filesystem::path folder_;
  std::string run_id_;
};

}  // namespace lakh::load
