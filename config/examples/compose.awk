# A stream for compose.yaml: payments, and a few seconds later which of them were fraud.
#
#   awk -v events=COMMAND -v labels=COMMAND -f config/examples/compose.awk
#
# Both commands are given one JSON message a line. What fraud looks like changes every `drift` payments (20,000), about
# 100 of which come a second; a label comes 300 payments after its payment.

# Not every awk has logarithms, so odds are steps: large payments abroad; after a drift, small ones at night.
function odds(amount, hour, abroad) {
  if (int(sent / drift) % 2 == 0) return abroad ? (amount > 20 ? 0.8 : 0.3) : (amount > 50 ? 0.4 : 0.05)
  return hour < 6 ? (amount < 10 ? 0.8 : 0.3) : 0.1
}

function pay() {
  amount = 5 / (1.001 - rand())
  hour = int(24 * rand())
  abroad = rand() < 0.2
  country = substr("NLBEDEFRESITGBUS", 1 + 2 * int(8 * rand()), 2)
  printf "{\"id\": \"%s-%d\", \"features\": {\"amount\": %.2f, \"hour\": %d, \"abroad\": %s, \"country\": \"%s\"}}\n", \
    run, sent, amount, hour, abroad ? "true" : "false", country | events
  label[sent % delay] = rand() < odds(amount, hour, abroad) ? "fraud" : "fine"
}

# Of the payment whose place the next one takes.
function tell() {
  printf "{\"id\": \"%s-%d\", \"label\": \"%s\"}\n", run, sent - delay, label[sent % delay] | labels
}

BEGIN {
  if (!drift) drift = 20000
  if (!delay) delay = 300
  # Ids are told apart by when their stream began.
  srand()
  run = srand(seed ? seed : 7)
  for (sent = 0; !count || sent < count; sent++) {
    if (sent >= delay) tell()
    pay()
    if (sent % 10 == 9) {
      fflush(events)
      fflush(labels)
      system("sleep 0.1")
    }
  }
}
