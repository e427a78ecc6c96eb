// SPDX-License-Identifier: GPL-2.0-only
// usage: java Service HOLD [GROW MB_PER_S]: holds HOLD MiB, then grows to GROW.
import java.util.ArrayList;

class Service {
  public static void main(String[] args) throws InterruptedException {
    var held = new ArrayList<byte[]>();
    grow(held, Integer.parseInt(args[0]), 100);
    if (args.length > 1) grow(held, Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    Thread.sleep(Long.MAX_VALUE);
  }

  static void grow(ArrayList<byte[]> held, int mib, int rate) throws InterruptedException {
    while (held.size() < mib) {
      held.add(new byte[1 << 20]);
      Thread.sleep(1000 / rate);
    }
  }
}
