// Replays a corpus through a fuzzer's body without libFuzzer: every file as it is, cut short at every
// length, and with every byte replaced by each of a few that parsers trip over.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& input) {
  // A copy of exactly this size, so that a sanitizer sees a read past its end.
  const std::basic_string<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

void run_damaged(const std::string& input) {
  using namespace std::string_view_literals;
  for (std::size_t i = 0; i < input.size(); ++i) {
    run(input.substr(0, i));
    for (const char damage : "\0\xff 09-+:.;Z'"sv) {
      std::string damaged = input;
      damaged[i] = damage;
      run(damaged);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string input{std::istreambuf_iterator<char>(file), {}};
      run(input);
      run_damaged(input);
      ++files;
    }
  }
  std::printf("%zu files replayed\n", files);
  return files == 0 ? 1 : 0;
}
