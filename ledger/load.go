package ledger

import "fmt"

// Load reads the state that keys lead to. Engines call it inside the
// transaction in which they will write the decision.
func Load(rows Rows, keys Keys) (State, error) {
	var s State
	for _, step := range []func(Rows, Keys, *State) error{
		loadCharge, loadTransaction, loadRefUse, loadBatches, loadFresh, loadSettings, loadRecovery, loadCharges, loadDetailed, loadNotices, loadDocuments,
	} {
		if err := step(rows, keys, &s); err != nil {
			return State{}, err
		}
	}
	return s, nil
}

func loadCharge(rows Rows, keys Keys, s *State) error {
	number, err := chargeNumber(rows, keys)
	if err != nil || number == 0 {
		return err
	}
	s.Charge, err = rows.Charge(number)
	if err != nil {
		return fmt.Errorf("load charge %d: %w", number, err)
	}
	// A code of the right shape can decode to a charge with another prefix.
	if s.Charge == nil || keys.Code != "" && s.Charge.Code != keys.Code {
		s.Charge = nil
		return nil
	}
	if keys.Newest {
		newest, err := rows.ByOrder(s.Charge.Merchant, s.Charge.Order)
		if err != nil {
			return fmt.Errorf("load order %s of %s: %w", s.Charge.Order, s.Charge.Merchant, err)
		}
		s.Superseded = newest != number
	}
	if keys.Details {
		if s.Details, err = rows.Details(number); err != nil {
			return fmt.Errorf("load details of charge %d: %w", number, err)
		}
	}
	if s.Charge.PaidBy != "" {
		if s.Paying, err = rows.Transaction(s.Charge.Code, s.Charge.PaidBy); err != nil {
			return fmt.Errorf("load payment of charge %d: %w", number, err)
		}
	}
	return nil
}

func chargeNumber(rows Rows, keys Keys) (uint64, error) {
	switch {
	case keys.Number != 0:
		return keys.Number, nil
	case keys.Code != "":
		number, _ := rows.Codes().Number(keys.Code)
		return number, nil
	case keys.Order != "":
		number, err := rows.ByOrder(keys.Merchant, keys.Order)
		if err != nil {
			return 0, fmt.Errorf("load order %s of %s: %w", keys.Order, keys.Merchant, err)
		}
		return number, nil
	default:
		return 0, nil
	}
}

func loadTransaction(rows Rows, keys Keys, s *State) error {
	if keys.Ref == "" && keys.Lane != LaneReversal {
		return nil
	}
	var err error
	if s.Tx, err = rows.Transaction(keys.Code, keys.Ref); err != nil {
		return fmt.Errorf("load code %s ref %s: %w", keys.Code, keys.Ref, err)
	}
	if s.Tx == nil || s.Tx.Day == "" {
		return nil
	}
	batch, err := rows.Batch(s.Tx.Day)
	if err != nil {
		return fmt.Errorf("load batch %s: %w", s.Tx.Day, err)
	}
	s.TxSettled = batch.Closed()
	return nil
}

func loadRefUse(rows Rows, keys Keys, s *State) error {
	if keys.Ref == "" || keys.Store == "" {
		return nil
	}
	use, otherStore, err := rows.RefUse(keys.Ref, keys.Store)
	if err != nil {
		return fmt.Errorf("load uses of ref %s: %w", keys.Ref, err)
	}
	s.OtherStore = otherStore
	if use != nil && use.Code != keys.Code {
		s.Elsewhere = use
	}
	return nil
}

func loadBatches(rows Rows, keys Keys, s *State) error {
	for _, day := range keys.Days {
		batch, err := rows.Batch(day)
		if err != nil {
			return fmt.Errorf("load batch %s: %w", day, err)
		}
		s.Batches = append(s.Batches, batch)
	}
	if keys.Day == "" {
		return nil
	}
	var err error
	if s.Batch, err = rows.Batch(keys.Day); err != nil {
		return fmt.Errorf("load batch %s: %w", keys.Day, err)
	}
	if s.LastBatch, err = rows.LastBatch(); err != nil {
		return fmt.Errorf("load last batch: %w", err)
	}
	if s.Batch.No > 1 {
		if s.Before, err = rows.BatchNo(s.Batch.No - 1); err != nil {
			return fmt.Errorf("load batch number %d: %w", s.Batch.No-1, err)
		}
	}
	s.OpenDay = keys.Day
	for batch := s.Batch; batch.Closed(); {
		s.OpenDay = s.OpenDay.Next()
		if batch, err = rows.Batch(s.OpenDay); err != nil {
			return fmt.Errorf("load batch %s: %w", s.OpenDay, err)
		}
	}
	return nil
}

func loadFresh(rows Rows, keys Keys, s *State) error {
	if keys.Prefix == "" {
		return nil
	}
	last, err := rows.LastNumber()
	if err != nil {
		return fmt.Errorf("load last charge number: %w", err)
	}
	s.FreshNumber = last + 1
	if s.FreshCode, err = rows.Codes().Code(keys.Prefix, s.FreshNumber); err != nil {
		return err
	}
	named, err := byID(rows, keys.Merchant, keys.Order)
	s.OrderIsID = named != 0
	return err
}

// byID is the number of a merchant's charge by its ID; 0 when the merchant has
// none with it. An empty merchant is any.
func byID(rows Rows, merchant, id string) (uint64, error) {
	number, err := rows.ByID(id)
	if err != nil || number == 0 {
		return 0, err
	}
	charge, err := rows.Charge(number)
	if err != nil {
		return 0, fmt.Errorf("load charge %d: %w", number, err)
	}
	if charge == nil || merchant != "" && charge.Merchant != merchant {
		return 0, nil
	}
	return number, nil
}

func loadSettings(rows Rows, keys Keys, s *State) error {
	maintenance, err := rows.Setting(SettingMaintenance)
	if err != nil {
		return fmt.Errorf("load setting %s: %w", SettingMaintenance, err)
	}
	s.Maintenance = maintenance != nil
	if s.Charge != nil && s.Charge.Product != "" {
		paused, err := rows.Setting(SettingPaused(s.Charge.Product))
		if err != nil {
			return fmt.Errorf("load setting %s: %w", SettingPaused(s.Charge.Product), err)
		}
		s.Paused = paused != nil
	}
	if keys.Setting != "" {
		if s.Setting, err = rows.Setting(keys.Setting); err != nil {
			return fmt.Errorf("load setting %s: %w", keys.Setting, err)
		}
	}
	return nil
}

// loadCharges loads those that are asked for by their numbers.
func loadCharges(rows Rows, keys Keys, s *State) error {
	for _, due := range keys.Due {
		charge, err := rows.Charge(due.Number)
		if err != nil {
			return fmt.Errorf("load charge %d: %w", due.Number, err)
		}
		s.Due = append(s.Due, DueCharge{due, charge})
	}
	for _, number := range keys.Numbers {
		charge, err := rows.Charge(number)
		if err != nil {
			return fmt.Errorf("load charge %d: %w", number, err)
		}
		if charge != nil {
			s.Charges = append(s.Charges, charge)
		}
	}
	return nil
}

// Find is the number of a merchant's charge by its ID or, the newest, by its
// order id; where merchant is empty, of any merchant's by its ID. Error:
// ErrNotFound.
func Find(rows Rows, merchant, handle string) (uint64, error) {
	number, err := byID(rows, merchant, handle)
	if err == nil && number == 0 {
		number, err = rows.ByOrder(merchant, handle)
	}
	if err == nil && number == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("find %s of %s: %w", handle, merchant, err)
	}
	return number, nil
}
