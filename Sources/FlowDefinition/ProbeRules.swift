import FlowCore

extension DefinitionReader {
  /// Checks that `onLost: probe` and a probe come together, with `defaults` taken into account.
  ///
  /// A step that overrides an inherited `onLost: probe` need not, and could not, take the inherited
  /// probe away: it is dropped.
  mutating func checkProbes(of table: StepTable, defaults: Defaults) {
    for use in table.probeUses {
      let overlay = table.overlays.values[Int(table.steps[Int(use.step)].settingsIndex)]
      let onLost = overlay.onLost ?? defaults.overlay.onLost ?? .rerun
      let hasProbe = use.probe != nil || defaults.probeOffset != nil
      if onLost == .probe, !hasProbe, let offset = use.onLost {
        report(
          at: offset, "steps[\(use.step)].onLost",
          #""probe" asks a command: give it as "probe" in the step or in "defaults""#)
      } else if onLost != .probe, let offset = use.probe {
        report(
          at: offset, "steps[\(use.step)].probe",
          #"a probe is asked only with "onLost": "probe": add that, or leave the probe out"#)
      }
    }
    checkProbeDefaults(of: table, defaults)
  }

  private mutating func checkProbeDefaults(of table: StepTable, _ defaults: Defaults) {
    if defaults.overlay.onLost == .probe {
      guard defaults.probeOffset == nil, let offset = defaults.onLostOffset else { return }
      var uses = table.probeUses.makeIterator()
      var use = uses.next()
      for step in table.steps.indices {
        guard let current = use, Int(current.step) == step else {
          report(
            at: offset, "defaults.onLost",
            #""probe" asks a command, and steps[\#(step)] has none: give it as "probe" in "defaults" or in every step"#
          )
          return
        }
        use = uses.next()
      }
    } else if let offset = defaults.probeOffset,
      !table.overlays.values.contains(where: { $0.onLost == .probe })
    {
      report(
        at: offset, "defaults.probe",
        #"a probe is asked only with "onLost": "probe": no step has that, nor has "defaults""#)
    }
  }

  private mutating func report(at offset: Int, _ path: String, _ message: @autoclosure () -> String)
  {
    guard diagnostics.wants(offset) else { return }
    diagnostics.keep(.init(offset: offset, path: path, message: message()))
  }
}
