import FlowCore

/// What is drawn before a world begins: when something happens that depends on nothing in it.
extension World {
  func arrangeTrouble() {
    arrangeCancels()
    for _ in 0..<options.fullDisks {
      let time = drawTime(of: .disk)
      let duration = drawTime(of: .disk)
      arrange(.diskFull(true), afterMicroseconds: time)
      arrange(.diskFull(false), afterMicroseconds: time + duration)
    }
    for _ in 0..<options.inodeShortages {
      let time = drawTime(of: .inodes)
      let duration = drawTime(of: .inodes)
      arrange(.inodesGone(true), afterMicroseconds: time)
      arrange(.inodesGone(false), afterMicroseconds: time + duration)
    }
    for _ in 0..<options.processShortages {
      let time = drawTime(of: .processes)
      let duration = drawTime(of: .processes)
      arrange(.processesGone(true), afterMicroseconds: time)
      arrange(.processesGone(false), afterMicroseconds: time + duration)
    }
    for _ in 0..<options.engineStops {
      arrange(.engineStop, afterMicroseconds: drawTime(of: .engineStop))
    }
    for _ in 0..<options.monitorStops {
      arrange(.monitorStop, afterMicroseconds: drawTime(of: .monitorStop))
    }
    for _ in 0..<options.systemStops {
      arrange(.systemStop, afterMicroseconds: drawTime(of: .systemStop))
    }
    if options.hasClockJumps {
      for _ in 0..<3 {
        let time = drawTime(of: .wallClock)
        // Zero, then one second on, one back, two on, two back, to an hour.
        let draw = Int64(choices.choose(.wallClock, below: 7_201))
        let jump = draw % 2 == 1 ? (draw + 1) / 2 : -draw / 2
        if jump == 0 { continue }
        arrange(.wallClockJump(microseconds: jump * 1_000_000), afterMicroseconds: time)
      }
    }
  }

  /// Early, while most runs are at work, or late; in microseconds from now.
  func drawTime(of site: ChoiceSite) -> Int64 {
    let latest = [50_000, 3_000_000, 30_000_000][choices.choose(site, below: 3)]
    return Int64(choices.choose(site, below: latest))
  }
}
