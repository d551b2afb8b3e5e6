"""The portal: one place for managers, engineers, partners and clients."""
