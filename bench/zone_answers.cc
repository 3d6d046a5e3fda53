// Prints the questions of zone_load.h and the answers, for a peer in another language: zoneinfo_bench.py.
//
// A line: the load, the zone, the other zone, the UTC second, and in seconds: the local reading at this
// second, the instant of this local reading, and the local reading in the other zone at that instant.
#include <cstdio>

#include "zone_load.h"

int main() {
  for (const bench::Load load : {bench::Load::kNear, bench::Load::kRandom, bench::Load::kNewYork}) {
    const auto seconds = [](auto time) {
      return static_cast<long long>(time.time_since_epoch() / std::chrono::seconds(1));
    };
    const auto questions = bench::load<bench::Ours>(load);
    for (const auto& q : questions) {
      std::printf("%s %s %s %lld %lld %lld %lld\n", bench::name_of(load), q.zone.name().data(),
                  q.other.name().data(), seconds(q.utc), seconds(bench::Ours::to_local(q)),
                  seconds(bench::Ours::resolve(q)), seconds(bench::Ours::convert(q)));
    }
  }
}
