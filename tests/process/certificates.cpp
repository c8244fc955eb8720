// Writes a certificate authority of its own and a server certificate for 127.0.0.1 into a folder:
// ca.pem, server.pem, server-key.pem.
#include "net/testing/test_certificates.hpp"

#include <cstdio>
#include <filesystem>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: test_certificates FOLDER\n", stderr);
    return 2;
  }
  const earshot::net::TestCertificates made;
  const std::filesystem::path folder(argv[1]);
  std::error_code error;
  for (const auto& file :
       {made.ca_pem_file(), made.certificate_chain_pem_file(), made.private_key_pem_file()}) {
    const std::filesystem::path from(file);
    std::filesystem::copy_file(from, folder / from.filename(), error);
    if (error) {
      std::fprintf(stderr, "%s: %s\n", file.c_str(), error.message().c_str());
      return 1;
    }
  }
  return 0;
}
