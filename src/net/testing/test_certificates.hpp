#pragma once
// A certificate authority of a test's own, made when it is asked for, and one server certificate
// that it signed for localhost, 127.0.0.1 and *.example.test. So tests verify certificates as
// service does, with nothing kept in the tree.

#include <string>

namespace earshot::net {

class TestCertificates {
 public:
  TestCertificates();   // writes the files; throws std::runtime_error
  ~TestCertificates();  // and removes them
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  std::string ca_pem_file() const { return folder_ + "/ca.pem"; }
  std::string certificate_chain_pem_file() const { return folder_ + "/server.pem"; }
  std::string private_key_pem_file() const { return folder_ + "/server-key.pem"; }

 private:
  std::string folder_;
};

}  // namespace earshot::net
