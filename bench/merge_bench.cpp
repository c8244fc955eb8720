// links: base net blob store recording calls api
// How fast is one WAV out of a recording's chunks, and what memory does it take? The view that the
// service gives, beside `cat` of the same files, ffmpeg's concat demuxer and sox, each in a process
// of its own that writes into a pipe, in turns, on the same files. All but `cat`, which joins
// headers too, must give the same samples (SHA-256). Then a recording of more than 4 GiB, made of
// files with holes: nothing of it is on the disk, and its peak of resident memory is told.
//
//   ./dev bench merge [--mib N] [--chunks N] [--rounds N] [--directory DIR]
//
// `view` is the reader that downloads use, read as they read it. `http` is the same behind the
// product's HTTP server and its audio answer; `cat` for it writes into a socket too.

#include "api/audio_response.hpp"
#include "base/crypto.hpp"
#include "blob/directory_blob_store.hpp"
#include "net/http_server.hpp"
#include "net/runtime.hpp"
#include "recording/audio_opener.hpp"
#include "recording/byos_chunk_source.hpp"
#include "recording/chunk_inspector.hpp"
#include "store/memory_store.hpp"
#include "store/memory_tap_spool.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <netinet/in.h>
#include <optional>
#include <random>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr const char* folder_name = "20260302/call/recording/";
constexpr std::size_t wav_header_bytes = 44;
constexpr std::uint64_t mebibyte = 1 << 20;
constexpr std::uint64_t view_piece_bytes = mebibyte;  // as the audio answer reads
constexpr std::uint64_t long_chunk_bytes = 900 * mebibyte;
constexpr int long_chunks = 5;  // 4.4 GiB
constexpr double aim_ratio = 0.8;
constexpr long aim_memory_kib = 64 << 10;

struct Options {
  std::uint64_t bytes = 1024 * mebibyte;
  int chunks = 4;
  int rounds = 5;
  fs::path directory = fs::temp_directory_path();
};

[[noreturn]] void complain(std::string_view what) {
  fmt::print(stderr, "merge: {}\n", what);
  std::exit(2);
}

double now_s() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// --- the files -------------------------------------------------------------------------------

std::string wav_head(std::uint32_t data_bytes) {
  std::string out;
  const auto put = [&out](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  };
  out += "RIFF";
  put(36 + data_bytes, 4);
  out += "WAVEfmt ";
  put(16, 4);
  put(1, 2);
  put(1, 2);
  put(16'000, 4);
  put(32'000, 4);
  put(2, 2);
  put(16, 2);
  out += "data";
  put(data_bytes, 4);
  return out;
}

fs::path chunk_path(const fs::path& directory, int index) {
  return directory / folder_name / fmt::format("{}-audiowav.wav", index);
}

// Samples that no two places have alike; or a hole.
void make_chunks(const fs::path& directory, int chunks, std::uint64_t bytes_each, bool hole) {
  fs::create_directories(directory / folder_name);
  std::mt19937_64 dice(9);
  std::vector<std::uint64_t> block(mebibyte / 8);
  for (int index = 0; index < chunks; ++index) {
    const auto path = chunk_path(directory, index);
    std::ofstream file(path, std::ios::binary);
    file << wav_head(static_cast<std::uint32_t>(bytes_each));
    for (std::uint64_t done = 0; !hole && done < bytes_each; done += mebibyte) {
      for (auto& word : block) word = dice();
      file.write(reinterpret_cast<const char*>(block.data()),
                 static_cast<std::streamsize>(std::min(mebibyte, bytes_each - done)));
    }
    file.close();
    if (!file) complain("cannot write " + path.string());
    if (hole) fs::resize_file(path, wav_header_bytes + bytes_each);
  }
}

// --- the product -----------------------------------------------------------------------------

struct Product {
  explicit Product(const fs::path& directory)
      : blobs({.folder = directory, .sync = false}, *offload, random) {}

  // As it is opened for a download, from what discovery would have stored of the files.
  Task<recording::OpenedAudio> open(int chunks) {
    recording::AudioSubject subject;
    subject.call.id = {"11111111-0000-4000-8000-000000000001"};
    subject.recordings.push_back({.id = {"recording"}, .call = subject.call.id});
    recording::ChunkInspector inspector(source, *clock);
    for (int index = 0; index < chunks; ++index) {
      const BlobName name{fmt::format("{}{}-audiowav.wav", folder_name, index)};
      auto info = co_await blobs.info(name);
      if (!info) complain(info.error().message);
      FoundChunk found{.index = {static_cast<std::uint32_t>(index)},
                       .audio = name,
                       .bytes = info->bytes,
                       .etag = info->etag,
                       .folder = folder_name};
      auto inspected = co_await inspector.inspect({"recording"}, std::move(found));
      if (!inspected) complain(inspected.error().message);
      subject.chunks.push_back(std::move(inspected->chunk));
    }
    recording::AudioOpener opener({store, source, blobs, spool});
    recording::AudioRequest request;
    auto opened = co_await opener.open(std::move(subject), request);
    if (!opened) complain(opened.error().message);
    co_return std::move(*opened);
  }

  SystemRandom random;
  NullLog log;
  Counters counters;
  net::Runtime runtime{1};
  std::unique_ptr<Clock> clock = net::make_asio_clock();
  std::unique_ptr<Offload> offload = net::make_thread_offload(2);
  blob::DirectoryBlobStore blobs;
  store::MemoryStore store{random};
  store::MemoryTapSpool spool;
  recording::ByosChunkSource source{blobs, store, *clock, *offload, counters, log};
};

void write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const auto wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0) ::_exit(3);
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
}

Task<void> copy_view(Product& product, int chunks) {
  const auto opened = co_await product.open(chunks);
  for (std::uint64_t at = 0; at < opened.reader->size();) {
    auto bytes = co_await opened.reader->read(at, view_piece_bytes);
    if (!bytes || bytes->empty()) ::_exit(3);
    write_all(STDOUT_FILENO, *bytes);
    at += bytes->size();
  }
}

[[noreturn]] void be_view(const fs::path& directory, int chunks) {
  Product product(directory);
  product.runtime.worker(0).spawn(copy_view(product, chunks), [&](std::exception_ptr thrown) {
    if (thrown) ::_exit(3);
    product.runtime.stop();
  });
  product.runtime.run();
  ::_exit(0);
}

Task<net::HttpResponse> answer(Product& product, int chunks, net::HttpRequest request) {
  auto opened = co_await product.open(chunks);
  co_return api::audio_response(request, std::move(opened.reader), opened.file_name, opened.etag);
}

// Tells its port in the first line of its output; serves until it is killed.
[[noreturn]] void be_server(const fs::path& directory, int chunks) {
  Product product(directory);
  const auto network = net::make_tcp_network();
  net::Router router;
  router.add("GET", "/audio", [&product, chunks](net::HttpRequest request) {
    return answer(product, chunks, std::move(request));
  });
  auto server =
      net::start_http_server(*network, product.runtime.worker(0), *product.clock, product.log,
                             product.counters, router, {.address = "127.0.0.1", .port = 0});
  if (!server) complain(server.error().message);
  const auto line = fmt::format("{}\n", (*server)->port());
  write_all(STDOUT_FILENO, as_bytes(line));
  product.runtime.run();
  ::_exit(0);
}

// --- running and measuring -------------------------------------------------------------------

struct Child {
  pid_t pid = -1;
  int output = -1;
};

// Its standard output is a pipe, or `output` where that is given.
Child start(const std::function<void()>& become, int output = -1) {
  std::array<int, 2> pipe{-1, -1};
  if (output < 0 && ::pipe(pipe.data()) != 0) complain("no pipe");
  std::fflush(stdout);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output < 0 ? pipe[1] : output, STDOUT_FILENO);
    if (pipe[0] >= 0) ::close(pipe[0]);
    become();
    ::_exit(127);
  }
  if (pipe[1] >= 0) ::close(pipe[1]);
  return {pid, pipe[0]};
}

std::function<void()> program(std::vector<std::string> words) {
  return [words = std::move(words)]() mutable {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::execvp(pointers[0], pointers.data());
  };
}

// This program again, so that its memory is its own from the start.
std::function<void()> self(std::vector<std::string> words) {
  words.insert(words.begin(), fs::canonical("/proc/self/exe").string());
  return program(std::move(words));
}

struct Run {
  double seconds = 0;
  std::uint64_t bytes = 0;
  long memory_kib = 0;  // most of the process
  std::string sha256;   // of the samples, when they were asked for
};

// Reads what comes; keeps the hash of what stands behind "data" and its length, when `samples`.
class Drain {
 public:
  explicit Drain(std::optional<std::uint64_t> samples) : samples_(samples) {}

  void read_all(int fd) {
    for (;;) {
      const auto got = ::read(fd, buffer_.data(), buffer_.size());
      if (got <= 0) break;
      bytes += static_cast<std::uint64_t>(got);
      if (samples_) take({buffer_.data(), static_cast<std::size_t>(got)});
    }
    ::close(fd);
  }
  std::string sha256() { return samples_ ? crypto::to_hex(hash_.finish()) : std::string{}; }
  std::uint64_t bytes = 0;

 private:
  void take(std::string_view piece) {
    if (!in_data_) {
      head_ += piece;
      const auto at = head_.find("data");
      if (at == std::string::npos || head_.size() < at + 8) return;
      in_data_ = true;
      const auto rest = head_.substr(at + 8);
      add(rest);
      return;
    }
    add(piece);
  }
  void add(std::string_view piece) {
    piece = piece.substr(0, *samples_ - hashed_);
    hashed_ += piece.size();
    hash_.update(as_bytes(piece));
  }

  std::optional<std::uint64_t> samples_;
  bool in_data_ = false;
  std::string head_;
  std::uint64_t hashed_ = 0;
  crypto::Sha256 hash_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
};

long end_of(pid_t pid, bool kill_it) {
  if (kill_it) ::kill(pid, SIGKILL);
  int status = 0;
  rusage usage{};
  ::wait4(pid, &status, 0, &usage);
  if (!kill_it && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
    complain("a program failed; is it installed?");
  return usage.ru_maxrss;
}

Run through_pipe(const std::function<void()>& become, std::optional<std::uint64_t> samples) {
  Drain drain(samples);
  const double begin = now_s();
  const Child child = start(become);
  drain.read_all(child.output);
  Run run{.seconds = now_s() - begin, .bytes = drain.bytes};
  run.memory_kib = end_of(child.pid, false);
  run.sha256 = drain.sha256();
  return run;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    complain("no connection");
  return fd;
}

Run cat_through_socket(const std::function<void()>& become) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 1) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    complain("no port");
  const int mine = connect_to(ntohs(address.sin_port));
  const int theirs = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  ::close(listener);
  Drain drain(std::nullopt);
  const double begin = now_s();
  const Child child = start(become, theirs);
  ::close(theirs);
  drain.read_all(mine);
  Run run{.seconds = now_s() - begin, .bytes = drain.bytes};
  run.memory_kib = end_of(child.pid, false);
  return run;
}

Run through_http(const std::function<void()>& become, std::optional<std::uint64_t> samples) {
  const Child child = start(become);
  std::array<char, 16> line{};
  if (::read(child.output, line.data(), line.size() - 1) <= 0) complain("the server did not start");
  Drain drain(samples);
  const double begin = now_s();
  const int fd = connect_to(static_cast<std::uint16_t>(std::atoi(line.data())));
  constexpr std::string_view request =
      "GET /audio HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  write_all(fd, as_bytes(request));
  drain.read_all(fd);
  Run run{.seconds = now_s() - begin, .bytes = drain.bytes};
  ::close(child.output);
  run.memory_kib = end_of(child.pid, true);
  run.sha256 = drain.sha256();
  return run;
}

// --- the table -------------------------------------------------------------------------------

struct Contestant {
  std::string name;
  std::string beside;  // whose time its own is compared with
  std::function<Run(std::optional<std::uint64_t>)> run;
  bool joins_samples = true;
  std::vector<double> seconds;
  long memory_kib = 0;
  std::string sha256;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::vector<Contestant> contestants(const fs::path& directory, int chunks) {
  std::vector<std::string> files;
  std::string list;
  for (int index = 0; index < chunks; ++index) {
    files.push_back(chunk_path(directory, index).string());
    list += fmt::format("file '{}'\n", files.back());
  }
  const auto list_path = (directory / "list.txt").string();
  std::ofstream(list_path) << list;
  const auto with_files = [&files](std::vector<std::string> before,
                                   const std::vector<std::string>& after) {
    before.insert(before.end(), files.begin(), files.end());
    before.insert(before.end(), after.begin(), after.end());
    return program(std::move(before));
  };
  const auto piped = [](std::function<void()> become) {
    return [become = std::move(become)](std::optional<std::uint64_t> samples) {
      return through_pipe(become, samples);
    };
  };
  const auto cat = with_files({"cat"}, {});
  const auto count = std::to_string(chunks);
  const auto server = self({"--be-server", directory.string(), count});
  std::vector<Contestant> all;
  all.push_back({.name = "cat", .beside = "cat", .run = piped(cat), .joins_samples = false});
  all.push_back({.name = "view",
                 .beside = "cat",
                 .run = piped(self({"--be-view", directory.string(), count}))});
  all.push_back({.name = "ffmpeg concat",
                 .beside = "cat",
                 .run = piped(program({"ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i",
                                       list_path, "-c", "copy", "-f", "wav", "pipe:1"}))});
  all.push_back({.name = "sox",
                 .beside = "cat",
                 .run = piped(with_files({"sox", "-V1"}, {"-t", "wav", "-"}))});
  all.push_back({.name = "cat, socket",
                 .beside = "cat, socket",
                 .run = [cat](auto) { return cat_through_socket(cat); },
                 .joins_samples = false});
  all.push_back({.name = "http", .beside = "cat, socket", .run = [server](auto samples) {
                   return through_http(server, samples);
                 }});
  return all;
}

// False: not the same samples.
bool compare(const fs::path& directory, const Options& options) {
  const auto each = options.bytes / static_cast<std::uint64_t>(options.chunks);
  make_chunks(directory, options.chunks, each, false);
  const auto samples = each * static_cast<std::uint64_t>(options.chunks);
  auto all = contestants(directory, options.chunks);
  bool same = true;
  std::string expected;
  for (auto& one : all) {  // which also brings the files into memory
    const auto run = one.run(one.joins_samples ? std::optional(samples) : std::nullopt);
    one.sha256 = run.sha256;
    if (!one.joins_samples) continue;
    if (expected.empty()) expected = run.sha256;
    same = same && run.sha256 == expected;
  }
  for (int round = 0; round < options.rounds; ++round)
    for (auto& one : all) {
      const auto run = one.run(std::nullopt);
      one.seconds.push_back(run.seconds);
      one.memory_kib = std::max(one.memory_kib, run.memory_kib);
    }
  fmt::print("{} chunks, {} MiB, {} rounds in turns\n\n", options.chunks, samples / mebibyte,
             options.rounds);
  fmt::print(
      "| | median, s | MiB/s | speed, of cat's | peak memory, MiB | SHA-256 of the samples |\n"
      "|---|---:|---:|---:|---:|---|\n");
  for (const auto& one : all) {
    const auto beside =
        std::ranges::find_if(all, [&](const auto& other) { return other.name == one.beside; });
    const double took = median(one.seconds);
    fmt::print("| {} | {:.3f} | {:.0f} | {:.2f} | {:.0f} | {} |\n", one.name, took,
               static_cast<double>(samples) / static_cast<double>(mebibyte) / took,
               median(beside->seconds) / took, static_cast<double>(one.memory_kib) / 1024,
               one.sha256.substr(0, 16));
  }
  fmt::print("\nThe aim is {} of cat's speed. The samples are {}.\n\n", aim_ratio,
             same ? "the same" : "NOT THE SAME");
  return same;
}

// False: too much memory, or not all of it.
bool measure_long(const fs::path& directory) {
  make_chunks(directory, long_chunks, long_chunk_bytes, true);
  const auto samples = long_chunk_bytes * long_chunks;
  const auto count = std::to_string(long_chunks);
  bool passed = true;
  fmt::print("| {:.2f} GiB in {} chunks | s | bytes | peak memory, MiB |\n|---|---:|---:|---:|\n",
             static_cast<double>(samples) / 1024 / static_cast<double>(mebibyte), long_chunks);
  for (const bool http : {false, true}) {
    const auto run =
        http ? through_http(self({"--be-server", directory.string(), count}), std::nullopt)
             : through_pipe(self({"--be-view", directory.string(), count}), std::nullopt);
    fmt::print("| {} | {:.2f} | {} | {:.1f} |\n", http ? "http" : "view", run.seconds, run.bytes,
               static_cast<double>(run.memory_kib) / 1024);
    if (run.bytes < samples || run.memory_kib > aim_memory_kib) passed = false;
  }
  fmt::print("\nThe aim is {} MiB: {}.\n", aim_memory_kib / 1024, passed ? "met" : "MISSED");
  return passed;
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--mib")
      options.bytes =
          static_cast<std::uint64_t>(std::clamp(std::atoi(value.c_str()), 8, 3'000)) * mebibyte;
    if (name == "--chunks") options.chunks = std::clamp(std::atoi(value.c_str()), 1, 100);
    if (name == "--rounds") options.rounds = std::clamp(std::atoi(value.c_str()), 1, 100);
    if (name == "--directory") options.directory = value;
  }
  return options;
}

bool run(const Options& options) {
  auto pattern = (options.directory / "earshot-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) complain("cannot make a directory");
  const fs::path directory = pattern;
  if (fs::space(directory).available < 2 * options.bytes) complain("the disk is too full");
  const bool same = compare(directory / "compared", options);
  const bool small = measure_long(directory / "long");
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  return same && small;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  const std::string first = argc > 3 ? argv[1] : "";
  if (first == "--be-view") earshot::be_view(argv[2], std::atoi(argv[3]));
  if (first == "--be-server") earshot::be_server(argv[2], std::atoi(argv[3]));
  return earshot::run(earshot::read_options(argc, argv)) ? 0 : 1;
}
