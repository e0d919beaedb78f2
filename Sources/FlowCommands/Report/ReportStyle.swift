/// How a report looks. It follows the reader's choice of light or dark, and prints.
enum ReportStyle {
  /// Without `<` and `&`, so that the page stays well-formed XML.
  static let sheet = """
    :root {
      --bg: #ffffff; --panel: #f7f7f8; --text: #1c1c21; --muted: #5d6470; --line: #e0e1e6;
      --ok: #15803d; --okfill: #2ea263; --bad: #b91c1c; --badfill: #d93a3a; --warn: #9a5b00;
      --warnfill: #e09a2b; --off: #7e22ce; --offfill: #a855f7; --now: #1d4ed8; --nowfill: #3b82f6;
      --idle: #c9ccd3; --soft: 11%;
    }
    @media screen and (prefers-color-scheme: dark) {
      :root {
        --bg: #131418; --panel: #1c1e24; --text: #e7e8ec; --muted: #9aa1ad; --line: #30333b;
        --ok: #5fd08f; --okfill: #2f9e63; --bad: #ff8d8d; --badfill: #d64545; --warn: #f0b45a;
        --warnfill: #c98422; --off: #cfa3ff; --offfill: #9446e0; --now: #8db8ff;
        --nowfill: #3f7de8; --idle: #474b55; --soft: 20%;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--bg); color: var(--text);
      font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
    }
    header, main { max-width: 84rem; margin: 0 auto; padding: 0 1.5rem; }
    header { padding-top: 1.5rem; }
    h1 { font-size: 1.5rem; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
    h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
    h3 { font-size: .95rem; margin: 1rem 0 .4rem; color: var(--muted); }
    ul, ol { padding-left: 1.4rem; }
    li { overflow-wrap: anywhere; }
    .problems li, .allowed li { margin: .5rem 0; }
    section { margin: 2rem 0; }
    p { margin: .4rem 0; }
    a { color: inherit; text-decoration-color: var(--idle); text-underline-offset: .2em; }
    a:hover { text-decoration-color: currentColor; }
    code, pre { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
    pre {
      background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
      padding: .6rem .8rem; margin: .4rem 0; overflow: auto; max-height: 28rem; tab-size: 8;
      white-space: pre-wrap; overflow-wrap: anywhere;
    }
    pre.tail { border-left: 3px solid var(--bad); max-height: none; }
    .allowed pre.tail { border-left-color: var(--warn); }
    pre.command { border-left: 3px solid var(--idle); max-height: 12rem; }
    code { overflow-wrap: anywhere; }
    .run, .note, .legend, dt { color: var(--muted); }
    .run { margin: .1rem 0 .8rem; }
    .note { font-size: 13px; }
    .warning { color: var(--bad); font-weight: 600; }
    dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0 0 1rem; }
    dt { font-size: 12px; }
    dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
    .scroll { overflow-x: auto; }

    .badge {
      --tone: var(--muted); color: var(--tone); white-space: nowrap; font-size: 12.5px;
      font-weight: 600; padding: .08em .55em; border-radius: 99px;
      background: color-mix(in srgb, var(--tone) var(--soft), transparent);
    }
    h1 .badge { font-size: 14px; vertical-align: .2em; }
    b.succeeded, td.succeeded, .badge.succeeded { --tone: var(--ok); }
    b.failed, td.failed, .badge.failed { --tone: var(--bad); }
    b.allowed, td.allowed, .badge.allowed { --tone: var(--warn); }
    b.running, b.starting, .badge.running, .badge.starting { --tone: var(--now); }
    b.stopping, .badge.stopping, b.cancelled, .badge.cancelled { --tone: var(--off); }
    b.backingOff, .badge.backingOff, b.asking, .badge.asking, b.interrupted, .badge.interrupted { --tone: var(--warn); }
    td.failed, .name b { color: var(--tone, var(--muted)); }
    .tally { display: flex; gap: 2px; height: 10px; border-radius: 5px; overflow: hidden; }
    .tally i { background: var(--idle); min-width: 3px; }
    .tally .succeeded { background: var(--okfill); }
    .tally .failed { background: var(--badfill); }
    .tally .allowed { background: var(--warnfill); }
    .tally .running, .tally .starting { background: var(--nowfill); }
    .tally .cancelled, .tally .stopping { background: var(--offfill); }
    .tally .interrupted, .tally .backingOff, .tally .asking { background: var(--warnfill); }
    .counts { display: flex; flex-wrap: wrap; gap: .5rem; }

    .legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; font-size: 12.5px; }
    .legend .bar { display: inline-block; position: static; width: 1.6rem; vertical-align: -2px; }
    .legend .queued, .legend .backoff { vertical-align: 3px; }
    .legend .probe { vertical-align: 0; }
    .chart { position: relative; --names: clamp(8rem, var(--longest) + 2.2rem, 29rem); }
    .axis, .lane { display: grid; grid-template-columns: var(--names) 1fr; }
    .axis {
      position: sticky; top: 0; z-index: 1; height: 1.4rem; font-size: 11.5px;
      color: var(--muted); background: var(--bg);
    }
    .axis .track { grid-column: 2; }
    .axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
    .axis span:first-child { transform: none; }
    .axis span.end { transform: translateX(-100%); left: 100%; }
    .lane { position: relative; height: 22px; border-top: 1px solid var(--line); }
    .lane:hover { background: color-mix(in srgb, var(--nowfill) 8%, transparent); }
    .name {
      overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 12.5px;
      line-height: 21px; padding-right: .6rem;
    }
    .name a { text-decoration: none; }
    .name .note { font-size: 12px; }
    .track { position: relative; }
    .under { position: absolute; top: 1.4rem; bottom: 0; left: var(--names); right: 0; }
    .tick, .mark { position: absolute; top: 0; bottom: 0; width: 0; }
    .tick { border-left: 1px solid var(--line); }
    .mark { border-left: 2px dashed var(--off); }
    .more { border: none; margin: 0; }
    .more > summary {
      position: relative; padding: .3rem 0; border-top: 1px solid var(--line); color: var(--now);
      font-size: 12.5px;
    }
    details.more > .lane, details.more > .more { margin: 0; }
    details.more > .lane { content-visibility: auto; contain-intrinsic-height: 22px; }
    .all .bar.bad { top: 11px; height: 6px; border: none; }
    .lane.item .name, .more.item > summary, .item > th, .item > .note { padding-left: 1.2rem; }
    .bar { position: absolute; top: 4px; height: 13px; min-width: 2px; border-radius: 2px; }
    .queued { top: 9px; height: 3px; background: var(--idle); }
    .backoff {
      top: 9px; height: 3px; background:
        repeating-linear-gradient(90deg, var(--warnfill) 0 4px, transparent 4px 8px);
    }
    .bar.ok { background: var(--okfill); }
    .bar.bad { background: var(--badfill); border-right: 3px solid var(--bad); }
    .bar.off { background: var(--offfill); }
    .bar.now {
      background: linear-gradient(90deg, var(--nowfill) 70%,
        color-mix(in srgb, var(--nowfill) 45%, transparent));
    }
    .bar.lost {
      background: repeating-linear-gradient(135deg, var(--warnfill) 0 4px,
        color-mix(in srgb, var(--warnfill) 40%, transparent) 4px 8px);
    }
    .bar.stopping {
      background: repeating-linear-gradient(45deg, transparent 0 3px,
        color-mix(in srgb, var(--bg) 60%, transparent) 3px 6px);
    }
    .legend .stopping { background-color: var(--offfill); }
    .bar.probe { top: 7px; height: 7px; border-radius: 4px; }
    .gap { top: 0; height: auto; bottom: 0; background: var(--panel); border-radius: 0;
      border: solid var(--line); border-width: 0 1px;
      background: repeating-linear-gradient(135deg, var(--panel) 0 6px, var(--line) 6px 7px); }
    .legend .gap { height: 13px; }

    svg { display: block; font-size: 11.5px; }
    svg.fits { max-width: 100%; height: auto; }
    .narrow { display: none; }
    svg a { text-decoration: none; }
    .edge { fill: none; stroke: var(--idle); stroke-width: 1.5; }
    .edge.open { stroke-dasharray: 4 3; }
    .node { --tone: var(--muted); }
    .node.succeeded { --tone: var(--ok); }
    .node.failed { --tone: var(--bad); }
    .node.allowed { --tone: var(--warn); }
    .node.running, .node.starting { --tone: var(--now); }
    .node.cancelled, .node.stopping { --tone: var(--off); }
    .node.interrupted, .node.backingOff, .node.asking { --tone: var(--warn); }
    .node rect {
      stroke: var(--tone); fill: color-mix(in srgb, var(--tone) var(--soft), var(--bg));
    }
    .node.waiting rect, .node.ready rect, .node.skipped rect { stroke-dasharray: 4 3; }
    .node text { fill: var(--tone); }
    .node .id { fill: var(--text); font-weight: 600; font-size: 12.5px; }
    a:hover .node rect { stroke-width: 2; }

    table { border-collapse: collapse; font-size: 13px; }
    #steps table { width: 100%; }
    th, td { text-align: left; padding: .25rem .8rem .25rem 0; vertical-align: top; }
    thead th { color: var(--muted); font-weight: 500; border-bottom: 1px solid var(--line); }
    tbody th { font-weight: 600; overflow-wrap: anywhere; min-width: 9rem; }
    tbody tr + tr > * { border-top: 1px solid var(--line); }
    td.n { white-space: nowrap; font-variant-numeric: tabular-nums; }
    details { border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; }
    details > :not(summary) { margin-left: .9rem; margin-right: .9rem; }
    details > :last-child { margin-bottom: .8rem; }
    summary { cursor: pointer; padding: .45rem .9rem; overflow-wrap: anywhere; }
    #details .more { margin: .5rem .9rem; }
    details:target { border-color: var(--now); }
    @media screen and (max-width: 48rem) {
      header, main { padding: 0 1rem; }
      ul, ol { padding-left: 1.1rem; }
      .wide { display: none; }
      .narrow { display: block; }
      .axis span:nth-child(even) { display: none; }
      .axis, .lane { grid-template-columns: 1fr; }
      .axis .track { grid-column: 1; }
      .under { left: 0; }
      .lane { height: auto; }
      .lane .track { height: 22px; }
      .name { padding-top: .15rem; background: var(--bg); position: relative; }
      .cards, .cards tbody, .cards tr { display: block; }
      .cards thead { display: none; }
      .cards tr { padding: .4rem 0; border-top: 1px solid var(--line); }
      .cards tbody tr + tr > * { border-top: none; }
      .cards th, .cards td { display: inline-block; padding: 0 1rem 0 0; white-space: normal; }
      .cards th { display: block; }
      .cards tr.item { margin-left: 1.2rem; }
      .cards .item > * { padding-left: 0; }
      .cards td:empty { display: none; }
      .cards td[data-label]::before {
        content: attr(data-label) " "; color: var(--muted); font-size: 12px;
      }
    }
    @media print {
      @page { margin: 14mm; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      .chart { --names: clamp(6rem, var(--longest) + 2.2rem, 15rem); }
      body { font-size: 11px; }
      header, main { max-width: none; padding: 0; }
      section { margin: 1.4rem 0; }
      h2, .note, .legend, summary { break-after: avoid; }
      tr, li, dl, .lane { break-inside: avoid; }
      .axis { position: relative; }
      .lane, .scroll, pre { overflow: visible; }
      pre { max-height: none; overflow: visible; font-size: 9.5px; }
      svg { max-width: 100%; height: auto; max-height: 225mm; }
      table { font-size: 9.5px; }
      th, td { padding-right: .45rem; }
      .badge { font-size: 9.5px; }
      details:not([open]), #details:not(:has(details[open])) { display: none; }
    }

    """
}
